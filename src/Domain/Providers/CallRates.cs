using ControlPlane.Domain.Catalog;

namespace ControlPlane.Domain.Providers;

/// <summary>
/// How fast a platform may be called: token buckets as it declares them, and what its throttling teaches of their refill. A throttled call halves it, each answered one gives
/// a sixteenth back.
/// </summary>
internal static class CallRates
{
    private const double LeastShare = 1.0 / 32;
    private const double Regained = 1.0 / 16;

    /// <summary>Calls that were under way together teach one thing.</summary>
    private static readonly TimeSpan OneLesson = TimeSpan.FromSeconds(1);

    public static CallLimits Limits(ProviderSpec? spec) => spec?.Limits ?? CallLimits.None;

    public static void Refill(GatewayStep step)
    {
        if (step.Spec is not { } spec)
            return;
        var (limits, now) = (Limits(spec), step.Now);
        step.Note(s => s with
        {
            Bucket = s.Bucket.Refilled(LaunchRefill(s), spec.LaunchBurst, now),
            InstanceBucket = limits.InstancesPerSecond is null ? s.InstanceBucket : s.InstanceBucket.Refilled(InstanceRefill(s), limits.InstanceBurst ?? 1, now),
            TerminationBucket = limits.TerminationsPerSecond is null ? s.TerminationBucket : s.TerminationBucket.Refilled(TerminationRefill(s), limits.TerminationBurst ?? 1, now),
        });
    }

    /// <summary>When a launch call may be made.</summary>
    public static DateTimeOffset LaunchAt(GatewayState state) => state.Bucket.Has(1, LaunchRefill(state));

    /// <summary>When so many instances may be launched.</summary>
    public static DateTimeOffset InstancesAt(GatewayState state, int count) =>
        Limits(state.Spec!).InstancesPerSecond is null ? DateTimeOffset.MinValue : state.InstanceBucket.Has(count, InstanceRefill(state));

    /// <summary>When a call to terminate may be made.</summary>
    public static DateTimeOffset TerminationAt(GatewayState state) =>
        Limits(state.Spec!).TerminationsPerSecond is null ? DateTimeOffset.MinValue : state.TerminationBucket.Has(1, TerminationRefill(state));

    /// <summary>The most instances that may be launched now.</summary>
    public static int Instances(GatewayState state) => Limits(state.Spec!).InstancesPerSecond is null ? int.MaxValue : (int)Math.Max(0, state.InstanceBucket.Level);

    public static void Throttled(GatewayStep step, LimitedCall call)
    {
        var known = Learnt(step.State, call);
        if (known is not null && step.Now - known.At < OneLesson)
            return;
        step.Record(new GatewayEvent.RateLearnt(call, Math.Max(LeastShare, Share(known) / 2), step.Now));

        // Whatever we believed to have left, the platform says that there is nothing.
        step.Note(s => call == LimitedCall.Launch
            ? s with { Bucket = s.Bucket with { Level = Math.Min(0, s.Bucket.Level) } }
            : s with { TerminationBucket = s.TerminationBucket with { Level = Math.Min(0, s.TerminationBucket.Level) } });
    }

    public static void Answered(GatewayStep step, LimitedCall call)
    {
        if (Learnt(step.State, call) is { } known && step.Now - known.At >= OneLesson)
            step.Record(new GatewayEvent.RateLearnt(call, Math.Min(1, known.Share + Regained), step.Now));
    }

    public static GatewayState Apply(GatewayState state, GatewayEvent.RateLearnt e)
    {
        var learnt = e.Share < 1 ? new LearntRate(e.Share, e.At) : null;
        return e.Call == LimitedCall.Launch ? state with { LaunchRate = learnt } : state with { TerminationRate = learnt };
    }

    private static LearntRate? Learnt(GatewayState state, LimitedCall call) => call == LimitedCall.Launch ? state.LaunchRate : state.TerminationRate;

    private static double Share(LearntRate? learnt) => learnt?.Share ?? 1;

    private static double LaunchRefill(GatewayState state) => state.Spec!.LaunchesPerSecond * Share(state.LaunchRate);

    private static double InstanceRefill(GatewayState state) => (Limits(state.Spec!).InstancesPerSecond ?? 1) * Share(state.LaunchRate);

    private static double TerminationRefill(GatewayState state) => (Limits(state.Spec!).TerminationsPerSecond ?? 1) * Share(state.TerminationRate);
}
