using System.Text.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.Simulation.Ec2;

/// <summary>The little of Service Quotas that a provider needs: quotas of vCPUs, in the JSON protocol of that service.</summary>
public sealed partial class Ec2Region
{
    /// <summary>The version of that service's API, by which its requests are known.</summary>
    public const string QuotasVersion = "2019-06-24";

    /// <summary>What a quota without a limit of the emulator's answers.</summary>
    private const int NoLimit = 1_000_000;

    // The codes and names as the service lists them [S].
    private static readonly (string Code, string Class, bool IsSpot, string Name)[] Quotas =
    [
        ("L-1216C47A", "standard", false, "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"),
        ("L-34B43A08", "standard", true, "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests"),
        ("L-DB2E81BA", "g", false, "Running On-Demand G and VT instances"),
        ("L-3819A6DF", "g", true, "All G and VT Spot Instance Requests"),
        ("L-417A185B", "p", false, "Running On-Demand P instances"),
        ("L-7212CCBC", "p", true, "All P4, P3 and P2 Spot Instance Requests"),
    ];

    private static bool IsQuotas(IReadOnlyDictionary<string, string> parameters) => parameters.GetValueOrDefault("Version") == QuotasVersion;

    private static string QuotasError(Ec2RefusedException refusal) => new JsonObject { ["__type"] = refusal.Code, ["message"] = refusal.Message }.ToJsonString();

    private string QuotasAnswer(Ec2Call call)
    {
        if (call.Action != "GetServiceQuota")
            throw new Ec2RefusedException("UnknownOperationException", $"The emulator does not know {call.Action} of Service Quotas.");
        var service = call.Parameters.Text("ServiceCode");
        var code = call.Parameters.Text("QuotaCode");
        if (string.IsNullOrEmpty(service) || string.IsNullOrEmpty(code))
            throw new Ec2RefusedException("IllegalArgumentException", "ServiceCode and QuotaCode are required.");
        call.Ready();
        var quota = Array.Find(Quotas, q => service == "ec2" && q.Code == code);
        if (quota.Code is null)
            throw new Ec2RefusedException("NoSuchResourceException", "The request failed because the specified quota does not exist for the service, or the emulator does not know it.");
        var limits = quota.IsSpot ? _settings.SpotCpuQuotas : _settings.CpuQuotas;
        return new JsonObject
        {
            ["Quota"] = new JsonObject
            {
                ["ServiceCode"] = service,
                ["ServiceName"] = "Amazon Elastic Compute Cloud (Amazon EC2)",
                ["QuotaArn"] = $"arn:aws:servicequotas:us-east-1:{_settings.Account}:ec2/{code}",
                ["QuotaCode"] = code,
                ["QuotaName"] = quota.Name,
                ["Value"] = (double)(limits.TryGetValue(quota.Class, out var limit) ? limit : NoLimit),
                ["Unit"] = "None",
                ["Adjustable"] = true,
                ["GlobalQuota"] = false,
            },
        }.ToJsonString(JsonSerializerOptions.Default);
    }
}
