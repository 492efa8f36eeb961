using ControlPlane.Domain.Secrets;

namespace ControlPlane.Domain.Catalog;

/// <summary>
/// One AWS account and region, and how to get into it. Without a key, a profile or a role the SDK looks where it always does: variables, profile, web identity,
/// the machine's own role. Secrets stand in it by reference only.
/// </summary>
/// <param name="Region">Such as <c>us-east-1</c>.</param>
public sealed record AwsSpec(string Region)
{
    /// <summary>The address of EC2 and STS instead of the region's own, http or https: an emulator, or an endpoint in one's own network. Null for the region's own.</summary>
    public string? Endpoint { get; init; }

    /// <summary>A profile of the node's AWS configuration files; null for none.</summary>
    public string? Profile { get; init; }

    /// <summary>An access key; only together with <see cref="SecretKey"/>.</summary>
    public SecretReference? AccessKey { get; init; }

    /// <summary>Its secret.</summary>
    public SecretReference? SecretKey { get; init; }

    /// <summary>The session token of a temporary key; null if the key is a lasting one.</summary>
    public SecretReference? SessionToken { get; init; }

    /// <summary>A role to assume with whatever credentials there are; null for none.</summary>
    public string? RoleArn { get; init; }

    /// <summary>The external id that the role's owner asks for; null for none.</summary>
    public string? ExternalId { get; init; }

    /// <summary>A file with a web identity's token, with which the role is assumed instead of with credentials; null for none.</summary>
    public string? WebIdentityTokenFile { get; init; }

    /// <summary>What the prices of the built-in list (us-east-1) are multiplied by for this region: 1 to 10. Null: 1 in us-east-1, elsewhere each price must be given.</summary>
    public double? PriceFactor { get; init; }
}
