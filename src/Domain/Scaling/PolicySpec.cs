using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Scaling;

/// <summary>Which policy a queue uses, with its settings.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(PerTask), "perTask")]
[JsonDerivedType(typeof(TargetWait), "targetWait")]
[JsonDerivedType(typeof(Plugin), "plugin")]
public abstract record PolicySpec
{
    private PolicySpec()
    {
    }

    /// <summary>ClearML's meaning, the default: a slot for each pending task that no idle or booting slot will take.</summary>
    public sealed record PerTask : PolicySpec;

    /// <summary>
    /// Launches as late as it may, and keeps instances as long as it must, for 19 of 20 tasks to wait for no longer than the target.
    /// </summary>
    /// <param name="Target">1 s to 24 h.</param>
    public sealed record TargetWait(TimeSpan Target) : PolicySpec;

    /// <summary>A rule of one's own, written in C# as an <see cref="IScalingPolicy"/>.</summary>
    /// <param name="TypeName">The policy's registered name: its type's full name.</param>
    public sealed record Plugin(string TypeName) : PolicySpec;
}
