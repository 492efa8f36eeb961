using System.Xml.Linq;
using static ControlPlane.Simulation.Ec2.Ec2Xml;

namespace ControlPlane.Simulation.Ec2;

/// <summary>The little of STS that a provider needs.</summary>
public sealed partial class Ec2Region
{
    private static bool IsSecurityToken(IReadOnlyDictionary<string, string> parameters) => parameters.GetValueOrDefault("Version") == "2011-06-15";

    private static string ErrorText(Ec2Request request, Ec2RefusedException refusal, string id) =>
        IsSecurityToken(request.Parameters) ? SecurityTokenError(refusal, id) : IsQuotas(request.Parameters) ? QuotasError(refusal) : Error(refusal, id);

    private string SecurityTokenAnswer(Ec2Call call, string request)
    {
        var content = call.Action switch
        {
            "GetCallerIdentity" => CallerIdentity(call),
            "AssumeRole" => AssumeRole(call),
            "AssumeRoleWithWebIdentity" => AssumeRoleWithWebIdentity(call),
            _ => throw new Ec2RefusedException("InvalidAction", $"Could not find operation {call.Action} for version 2011-06-15, or the emulator does not know it."),
        };
        return Document(
            Element(call.Action + "Response", Element(call.Action + "Result", [.. content]), Element("ResponseMetadata", Element("RequestId", request))),
            SecurityTokenNamespace);
    }

    private IEnumerable<XElement> CallerIdentity(Ec2Call call)
    {
        call.Ready();
        return
        [
            Element("Arn", $"arn:aws:iam::{_settings.Account}:user/emulated"),
            Element("UserId", call.Caller),
            Element("Account", _settings.Account),
        ];
    }

    // The only call that nobody signs [S]: the token is the proof, and the emulator takes any.
    private IEnumerable<XElement> AssumeRoleWithWebIdentity(Ec2Call call)
    {
        var role = call.Parameters.Required("RoleArn");
        var session = call.Parameters.Required("RoleSessionName");
        call.Parameters.Required("WebIdentityToken");
        call.Parameters.Text("ProviderId");
        var seconds = call.Parameters.Number("DurationSeconds", 900, 43_200) ?? 3600;
        call.Ready();
        return
        [
            Element("SubjectFromWebIdentityToken", session),
            Element("AssumedRoleUser", Element("AssumedRoleId", $"AROAEMULATED:{session}"), Element("Arn", $"arn:aws:sts::{_settings.Account}:assumed-role/{role.Split('/')[^1]}/{session}")),
            Element(
                "Credentials",
                Element("AccessKeyId", _settings.AccessKeys.Count > 0 ? _settings.AccessKeys[0] : "ASIAEMULATED"),
                Element("SecretAccessKey", "emulated"),
                Element("SessionToken", $"emulated-{session}"),
                Element("Expiration", call.Now.AddSeconds(seconds))),
        ];
    }

    private IEnumerable<XElement> AssumeRole(Ec2Call call)
    {
        var role = call.Parameters.Required("RoleArn");
        var session = call.Parameters.Required("RoleSessionName");
        var external = call.Parameters.Text("ExternalId");
        var seconds = call.Parameters.Number("DurationSeconds", 900, 43_200) ?? 3600;
        call.Ready();
        if (_settings.ExternalId is { } expected && external != expected)
            throw new Ec2RefusedException("AccessDenied", $"User: arn:aws:iam::{_settings.Account}:user/emulated is not authorized to perform: sts:AssumeRole on resource: {role}", 403);
        var name = role.Split('/')[^1];
        // The key stays that of the caller, so that a region that accepts one key accepts its roles.
        return
        [
            Element("AssumedRoleUser", Element("AssumedRoleId", $"AROAEMULATED:{session}"), Element("Arn", $"arn:aws:sts::{_settings.Account}:assumed-role/{name}/{session}")),
            Element(
                "Credentials",
                Element("AccessKeyId", call.Caller),
                Element("SecretAccessKey", "emulated"),
                Element("SessionToken", $"emulated-{session}"),
                Element("Expiration", call.Now.AddSeconds(seconds))),
        ];
    }
}
