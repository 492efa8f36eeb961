using ControlPlane.Domain.Catalog;

namespace ControlPlane.Domain.Providers;

/// <summary>
/// How fast a platform may be called: token buckets as it declares them, and what its throttling teaches of their refill. One throttled call empties the bucket: its level was
/// believed to be higher than it was. The next ones halve the refill. Answered calls give it back, all of it within a minute at the latest.
/// </summary>
internal static class CallRates
{
    private const double LeastShare = 1.0 / 32;

    /// <summary>The least share that an answered call gives back ...</summary>
    private const double Regained = 1.0 / 16;

    /// <summary>... and the time in which all of it comes back, however few the calls are.</summary>
    private static readonly TimeSpan AllRegained = TimeSpan.FromMinutes(1);

    /// <summary>A throttled call so long after the last one is explained by the level of the bucket.</summary>
    private static readonly TimeSpan Forgiven = TimeSpan.FromSeconds(30);

    /// <summary>How long a call may take to reach its platform: a full bucket begins to fill again there, and not here.</summary>
    private static readonly TimeSpan Transit = TimeSpan.FromMilliseconds(500);

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

    /// <summary>A launch call is made for so many instances.</summary>
    public static GatewayState Spend(GatewayState state, int instances) => state with
    {
        Bucket = Taken(state.Bucket, 1, state.Spec!.LaunchBurst),
        InstanceBucket = Taken(state.InstanceBucket, instances, Limits(state.Spec).InstanceBurst ?? 1),
    };

    /// <summary>A call to terminate is made.</summary>
    public static GatewayState SpendTermination(GatewayState state) => Limits(state.Spec).TerminationsPerSecond is null
        ? state
        : state with { TerminationBucket = Taken(state.TerminationBucket, 1, Limits(state.Spec).TerminationBurst ?? 1) };

    /// <summary>
    /// The bucket of instances after a start: full, but for the launches that are remembered. A bucket of calls fills within seconds, this one takes minutes.
    /// </summary>
    public static Bucket InstancesLeft(GatewayState state, CallLimits limits, DateTimeOffset now)
    {
        if (limits is not { InstancesPerSecond: { } perSecond, InstanceBurst: { } size })
            return Bucket.Unknown;
        var bucket = Bucket.Unknown;
        foreach (var at in state.Closed.Values.Select(c => c.At).Where(at => at <= now).Order())
            bucket = bucket.Refilled(perSecond, size, at).Less(1);
        return bucket.Refilled(perSecond, size, now).Less(state.Answers.Count + state.Batches.Values.Sum(b => b.Open.Count));
    }

    public static void Throttled(GatewayStep step, LimitedCall call)
    {
        var known = Learnt(step.State, call);
        DateTimeOffset? last = step.State.ThrottledAt.TryGetValue(call, out var at) ? at : null;
        if (step.Now - known?.At < OneLesson || step.Now - last < OneLesson)
            return;

        // Whatever we believed to have left, the platform says that there is nothing. Only where that does not help is the refill slower than declared.
        if (known is not null || step.Now - last < Forgiven)
            step.Record(new GatewayEvent.RateLearnt(call, Math.Max(LeastShare, Share(known) / 2), step.Now));
        step.Note(s => (call == LimitedCall.Launch
            ? s with { Bucket = s.Bucket with { Level = Math.Min(0, s.Bucket.Level) } }
            : s with { TerminationBucket = s.TerminationBucket with { Level = Math.Min(0, s.TerminationBucket.Level) } }) with
        {
            ThrottledAt = s.ThrottledAt.SetItem(call, step.Now),
        });
    }

    public static void Answered(GatewayStep step, LimitedCall call)
    {
        if (Learnt(step.State, call) is { } known && step.Now - known.At >= OneLesson)
            step.Record(new GatewayEvent.RateLearnt(call, Math.Min(1, known.Share + Math.Max(Regained, (step.Now - known.At) / AllRegained)), step.Now));
    }

    public static GatewayState Apply(GatewayState state, GatewayEvent.RateLearnt e)
    {
        var learnt = e.Share < 1 ? new LearntRate(e.Share, e.At) : null;
        return e.Call == LimitedCall.Launch ? state with { LaunchRate = learnt } : state with { TerminationRate = learnt };
    }

    private static Bucket Taken(Bucket bucket, double tokens, int size) =>
        (bucket.Level >= size && bucket.At != DateTimeOffset.MinValue ? bucket with { At = bucket.At + Transit } : bucket).Less(tokens);

    private static LearntRate? Learnt(GatewayState state, LimitedCall call) => call == LimitedCall.Launch ? state.LaunchRate : state.TerminationRate;

    private static double Share(LearntRate? learnt) => learnt?.Share ?? 1;

    private static double LaunchRefill(GatewayState state) => state.Spec!.LaunchesPerSecond * Share(state.LaunchRate);

    private static double InstanceRefill(GatewayState state) => (Limits(state.Spec!).InstancesPerSecond ?? 1) * Share(state.LaunchRate);

    private static double TerminationRefill(GatewayState state) => (Limits(state.Spec!).TerminationsPerSecond ?? 1) * Share(state.TerminationRate);
}
