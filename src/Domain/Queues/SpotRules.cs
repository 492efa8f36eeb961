using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Queues;

/// <summary>Whether new instances of a pool leave its spot offers out.</summary>
internal static class SpotRules
{
    /// <summary>
    /// Why the next instances of a pool are launched on demand at once; null if they are not. Either a spot start failed a moment ago, or a task could no longer be done in
    /// time if it ran on a spot machine and that was taken back.
    /// </summary>
    /// <remarks>
    /// A task that is interrupted starts from scratch, so progress is all or nothing and the rule of uniform progress (Wu et al., "Can't Be Late", NSDI 2024) becomes: spot is
    /// right as long as a whole run that is lost at its very end leaves time for another one on demand. What waits longest is what counts.
    /// </remarks>
    public static string? WhyOnDemand(ScalerState state, QueueSpec spec, PoolSpec pool, DateTimeOffset now)
    {
        if (!pool.CanFallBack)
            return null;
        if (state.SpotBlackouts?.GetValueOrDefault(pool.Name) is { } blackout && blackout.Until > now)
            return $"on demand, because spot is not tried until {blackout.Until:HH:mm:ss} UTC: {blackout.Message}";
        if (spec.FinishWithin is not { } limit || state.Observation?.OldestEnqueuedAt is not { } oldest)
            return null;
        var waited = now > oldest ? now - oldest : TimeSpan.Zero;
        var known = state.Experience ?? Experience.None;
        var run = known.Runs.Has(5) ? known.Runs.Quantile(0.9)!.Value : limit / 4;
        var boot = known.Boots.Quantile(0.9) ?? IdleRules.UnknownBoot;
        return limit - waited >= (run + boot) * 2
            ? null
            : $"on demand, because a task has waited for {Words.Duration(waited)} of the {Words.Duration(limit)} within which it must be done, and with {Words.Duration(run)} for a run and {Words.Duration(boot)} for a boot there is no time to lose one on spot";
    }

    /// <summary>The offers that an instance may ask.</summary>
    public static IEnumerable<Offer> Candidates(PoolSpec pool, bool skipSpot) =>
        skipSpot && pool.CanFallBack ? pool.Offers.Where(o => o.Market == Market.OnDemand) : pool.Offers;
}
