using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ControlPlane.Domain.Pools;

namespace ControlPlane.Providers.Aws;

/// <summary>The least that the credentials of a provider must be allowed, as an IAM policy.</summary>
public static class AwsPolicy
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Lists and what <c>check provider</c> reads: EC2 knows no narrower right for them than all resources.</summary>
    private static readonly string[] Reads =
    [
        "ec2:DescribeInstances", "ec2:DescribeSpotInstanceRequests", "ec2:DescribeSpotPriceHistory", "ec2:DescribeImages", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups",
        "ec2:DescribeKeyPairs", "ec2:DescribeInstanceTypeOfferings",
    ];

    /// <summary>The policy for one cluster and the pools that it has on a provider.</summary>
    /// <param name="cluster">Only machines that bear its tag may be ended and read.</param>
    /// <param name="pools">What they need is in it, and nothing more.</param>
    public static string Write(string cluster, IReadOnlyList<PoolSpec> pools)
    {
        PoolTemplate.Aws[] templates = [.. pools.Select(p => p.Template).OfType<PoolTemplate.Aws>()];
        var own = new JsonObject { ["StringEquals"] = new JsonObject { [$"aws:ResourceTag/{AwsTags.Cluster}"] = cluster } };
        var statements = new JsonArray
        {
            Statement("Look", Reads, "*"),
            Statement("CompareQuotas", ["servicequotas:GetServiceQuota"], "*"),
            Statement("Launch", ["ec2:RunInstances"], "*"),
            Statement("TagWhatIsLaunched", ["ec2:CreateTags"], "*", new JsonObject { ["StringEquals"] = new JsonObject { ["ec2:CreateAction"] = "RunInstances" } }),
            Statement("EndOwnMachines", ["ec2:TerminateInstances", "ec2:GetConsoleOutput"], "arn:aws:ec2:*:*:instance/*", own),
        };
        if (templates.Any(t => t.InstanceProfile is not null))
        {
            statements.Add(Statement(
                "GiveMachinesTheirRole", ["iam:PassRole"], "arn:aws:iam::*:role/THE-ROLE-OF-THE-INSTANCE-PROFILE",
                new JsonObject { ["StringEquals"] = new JsonObject { ["iam:PassedToService"] = "ec2.amazonaws.com" } }));
        }

        if (templates.Any(t => t.Image.Parameter is not null))
            statements.Add(Statement("ResolveImages", ["ssm:GetParameters"], "arn:aws:ssm:*:*:parameter/aws/service/*"));
        if (templates.Any(t => t.Market != AwsMarket.OnDemand))
        {
            statements.Add(Statement(
                "FirstSpotRequestOfTheAccount", ["iam:CreateServiceLinkedRole"], "arn:aws:iam::*:role/aws-service-role/spot.amazonaws.com/*",
                new JsonObject { ["StringEquals"] = new JsonObject { ["iam:AWSServiceName"] = "spot.amazonaws.com" } }));
        }

        return new JsonObject { ["Version"] = "2012-10-17", ["Statement"] = statements }.ToJsonString(Indented);
    }

    private static JsonObject Statement(string id, string[] actions, string resource, JsonObject? condition = null)
    {
        var statement = new JsonObject { ["Sid"] = id, ["Effect"] = "Allow", ["Action"] = new JsonArray([.. actions.Select(a => (JsonNode)a)]), ["Resource"] = resource };
        if (condition is not null)
            statement["Condition"] = condition;
        return statement;
    }
}
