using System.Net;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Providers.Aws;

/// <summary>Why a call failed, by what its caller does next, in AWS's words with what mends it.</summary>
/// <param name="Kind">What the caller does next.</param>
/// <param name="Code">AWS's code; empty if there was no answer.</param>
/// <param name="Message">AWS's code and words, and the fix where there is one to tell.</param>
/// <param name="Zones">Zones that AWS names as able to serve it; empty if it names none.</param>
public sealed record AwsFault(ProviderFault Kind, string Code, string Message, IReadOnlyList<string> Zones);

/// <summary>Sorts what AWS answers. The codes are those of the page "Error codes for the Amazon EC2 API"; what is not on the list is sorted by its status.</summary>
public static partial class AwsErrors
{
    /// <summary>The token was used with other parameters: a launch of this batch took effect before.</summary>
    public const string ParameterMismatch = "IdempotentParameterMismatch";

    /// <summary>The token's machines have all ended.</summary>
    public const string InstanceTerminated = "IdempotentInstanceTerminated";

    /// <summary>A dry run that would have succeeded.</summary>
    public const string DryRun = "DryRunOperation";

    private static readonly HashSet<string> Capacity = new(StringComparer.Ordinal)
    {
        "InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientReservedInstanceCapacity", "InsufficientCapacity", "InsufficientFreeAddressesInSubnet",
        "ReservationCapacityExceeded", "SpotMaxPriceTooLow", "Unsupported", "UnfulfillableCapacity",
    };

    private static readonly HashSet<string> Quota = new(StringComparer.Ordinal)
    {
        "VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded", "MaxSpotFleetRequestCountExceeded", "VolumeLimitExceeded", "MaxIOPSLimitExceeded",
        "NetworkInterfaceLimitExceeded",
    };

    private static readonly HashSet<string> Throttled = new(StringComparer.Ordinal)
    {
        "RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "EC2ThrottledException", "TooManyRequestsException",
        "SlowDown", "BandwidthLimitExceeded", "PriorRequestNotComplete", "ExpiredToken", "ExpiredTokenException", "RequestExpired",
    };

    private static readonly HashSet<string> Unknown = new(StringComparer.Ordinal)
    {
        "InternalError", "InternalFailure", "InternalServiceError", "ServiceUnavailable", "Unavailable", "RequestTimeout", "RequestTimeoutException", ParameterMismatch, InstanceTerminated,
        "OperationAborted",
    };

    // By code or by the beginning of it; the longest that fits is told.
    private static readonly Dictionary<string, string> Fixes = new(StringComparer.Ordinal)
    {
        ["UnauthorizedOperation"] = "Allow the action in the IAM policy: 'controlplane check provider' prints the least that is needed.",
        ["AccessDenied"] = "Allow the action in the IAM policy: 'controlplane check provider' prints the least that is needed.",
        ["AuthFailure"] = "Check the provider's credentials, and the clock of the node.",
        ["InvalidClientTokenId"] = "Check the provider's access key.",
        ["UnrecognizedClientException"] = "Check the provider's access key.",
        ["SignatureDoesNotMatch"] = "Check the provider's secretKey, and the clock of the node.",
        ["OptInRequired"] = "Enable the region for the account, or accept the image's terms in the marketplace.",
        ["PendingVerification"] = "AWS verifies the account: wait, or ask its support.",
        ["Blocked"] = "AWS has blocked the account: ask its support.",
        ["InvalidAMIID"] = "Write an image of this region in aws.image: each region has its own ids.",
        ["InvalidSubnet"] = "Write a subnet of this account and region in aws.subnets.",
        ["InvalidSubnetID"] = "Write a subnet of this account and region in aws.subnets.",
        ["InvalidGroup"] = "Write a security group of the subnet's network in aws.securityGroups, by its id.",
        ["InvalidSecurityGroupID"] = "Write a security group of the subnet's network in aws.securityGroups, by its id.",
        ["InvalidKeyPair"] = "Write a key pair of this region in aws.keyPair, or remove it.",
        ["InvalidSnapshot"] = "Write a snapshot of this region in aws.disks, or remove it.",
        ["InvalidBlockDeviceMapping"] = "Check aws.disks: the root disk must be at least as large as the image's.",
        ["InvalidZone"] = "Write a zone of this region in aws.zones.",
        ["VcpuLimitExceeded"] = "Ask AWS for more vCPUs under Service Quotas, or lower the pool's maxInstances.",
        ["InstanceLimitExceeded"] = "Ask AWS for more instances under Service Quotas, or lower the pool's maxInstances.",
        ["MaxSpotInstanceCountExceeded"] = "Ask AWS for more spot vCPUs under Service Quotas, or lower the pool's maxInstances.",
        ["VolumeLimitExceeded"] = "Ask AWS for more EBS storage under Service Quotas.",
        ["InvalidParameter"] = "Check the pool's aws keys, launchSpec among them.",
        ["InvalidParameterValue"] = "Check the pool's aws keys, launchSpec among them.",
        ["InvalidParameterCombination"] = "Check the pool's aws keys, launchSpec among them.",
        ["SpotMaxPriceTooLow"] = "The spot price is above the price on demand that the pool knows: correct aws.prices.",
    };

    /// <summary>Sorts whatever a call threw; null if it is a defect of our own or a cancellation, which the caller must not swallow.</summary>
    public static AwsFault? Sort(Exception thrown) => thrown switch
    {
        AmazonServiceException { ErrorCode.Length: > 0 } answer => Sort(answer.ErrorCode, (int)answer.StatusCode, answer.Message),
        AmazonServiceException { InnerException: null } answer => Sort("", (int)answer.StatusCode, answer.Message),

        // No answer came: what was sent may have taken effect.
        AmazonServiceException or HttpRequestException or IOException or TimeoutException or WebException => Indeterminate(thrown),
        TaskCanceledException { InnerException: TimeoutException } => Indeterminate(thrown),

        // The SDK could not make a call at all, most often for want of credentials.
        AmazonClientException => new AwsFault(ProviderFault.Misconfigured, "", $"{thrown.Message} Check the provider's credentials.", []),
        _ => null,
    };

    /// <summary>Sorts an answer.</summary>
    public static AwsFault Sort(string code, int status, string message)
    {
        var kind = KindOf(code, status, message);
        var text = code.Length == 0 ? message : $"{code}: {message}";
        return new AwsFault(kind, code, Fix(code) is { } fix && kind is ProviderFault.Misconfigured or ProviderFault.QuotaExceeded ? $"{text.TrimEnd()} {fix}" : text, ZonesIn(message));
    }

    /// <summary>The fix for a code; null if there is none to tell.</summary>
    public static string? Fix(string code)
    {
        for (var end = code.Length; end > 0; end = code.LastIndexOf('.', end - 1))
        {
            if (Fixes.TryGetValue(code[..end], out var fix))
                return fix;
        }

        return null;
    }

    /// <summary>The zones that a message says could serve a request that another zone could not: those behind "choosing".</summary>
    public static IReadOnlyList<string> ZonesIn(string message)
    {
        var at = message.IndexOf("choosing ", StringComparison.Ordinal);
        return at < 0 ? [] : [.. Zone().Matches(message[at..]).Select(m => m.Value).Distinct(StringComparer.Ordinal)];
    }

    private static ProviderFault KindOf(string code, int status, string message)
    {
        if (Capacity.Contains(code))
            return ProviderFault.InsufficientCapacity;

        // A quota of nothing is nobody's use: waiting does not help, a person must have it raised.
        if (Quota.Contains(code))
            return NoQuota().IsMatch(message) ? ProviderFault.Misconfigured : ProviderFault.QuotaExceeded;
        if (Throttled.Contains(code) || status == 429)
            return ProviderFault.Throttled;
        return Unknown.Contains(code) || status >= 500 || (code.Length == 0 && status is < 400) ? ProviderFault.Indeterminate : ProviderFault.Misconfigured;
    }

    private static AwsFault Indeterminate(Exception thrown) =>
        new(ProviderFault.Indeterminate, "", thrown.InnerException is { } inner && !thrown.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{thrown.Message} {inner.Message}" : thrown.Message, []);

    [GeneratedRegex(@"\b[a-z]{2}(-[a-z]+)+-[0-9]+(-[a-z]+-[0-9]+)?[a-z]\b", RegexOptions.CultureInvariant)]
    private static partial Regex Zone();

    [GeneratedRegex(@"limit of 0\b", RegexOptions.CultureInvariant)]
    private static partial Regex NoQuota();
}
