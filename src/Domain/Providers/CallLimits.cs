using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Providers;

/// <summary>
/// The token buckets of a platform's account beside that of launch calls: each holds so many tokens after a pause, and gets so many a second. Calls are held back by them, so that
/// the platform need not refuse any.
/// </summary>
public sealed record CallLimits
{
    /// <summary>No limit but that of launch calls.</summary>
    public static readonly CallLimits None = new();

    /// <summary>
    /// Those of an account and region of EC2 unless Amazon raised them: 2 launched instances a second after the first 1,000, 5 calls to terminate a second after the first 100.
    /// From Amazon's page on request throttling of the EC2 API. A call of RunInstances may ask for a thousand, but the tags of a machine have room for the ids of 250, by which each
    /// machine of a launch is known.
    /// </summary>
    public static readonly CallLimits Ec2 = new() { InstancesPerSecond = 2, InstanceBurst = 1_000, TerminationsPerSecond = 5, TerminationBurst = 100, LaunchBatch = 250 };

    /// <summary>Refill of the bucket of launched instances: 0.01 to 100,000 a second. Null: no such bucket.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? InstancesPerSecond { get; init; }

    /// <summary>Size of that bucket: 1 to 1,000,000. Null: no such bucket.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? InstanceBurst { get; init; }

    /// <summary>Refill of the bucket of calls that terminate: 0.01 to 10,000 a second. Null: no such bucket.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TerminationsPerSecond { get; init; }

    /// <summary>Size of that bucket: 1 to 100,000. Null: no such bucket.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TerminationBurst { get; init; }

    /// <summary>The most instances that one call launches: 1 to 1,000.</summary>
    public int LaunchBatch { get; init; } = 100;
}
