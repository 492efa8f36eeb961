using System.Diagnostics;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Instances;

/// <summary>One attempt after the other, each with one offer; the next only after a definite no.</summary>
internal static class LaunchRules
{
    /// <summary>While an instance waits for spot capacity it asks no more often than this.</summary>
    private static readonly TimeSpan AskAgainEvery = TimeSpan.FromSeconds(15);

    /// <summary>Hands the instance to the provider, if its prepaid time covers at least the platform's minimum billing; else its lease is renewed first.</summary>
    public static void Begin(InstanceState state, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (!(state.AskAgainAt > now) && state.LeaseUntil is { } until && until - state.Margin - now >= state.Pool.Billing.Minimum)
            record(new InstanceEvent.LaunchStarted(state.Attempt + 1, Next(state, now)!, now));
    }

    /// <summary>The time to ask again has come. Where the lease is too short for that, its renewal is under way and some seconds more are waited.</summary>
    public static void AskAgain(InstanceState state, DateTimeOffset now, Action<InstanceEvent> record)
    {
        var asked = false;
        Begin(state, now, e =>
        {
            asked = true;
            record(e);
        });
        if (!asked)
            record(new InstanceEvent.SpotAwaited(now + AskAgainEvery, now));
    }

    /// <summary>The offer to ask next; null if each was refused.</summary>
    private static Offer? Next(InstanceState state, DateTimeOffset now)
    {
        // A machine that is there has its price by its type; where it cannot be taken over, nothing else is launched in its place.
        if (state.Adopts is { } adopted)
            return state.Attempt > 0 ? null : state.Pool.Offers.FirstOrDefault(o => o.Type == adopted.Type) ?? state.Pool.Offers[0];
        Offer[] candidates = [.. SpotRules.Candidates(state.Pool, state.SkipSpot)];
        if (state.Attempt == 0)
            return candidates[0];
        if (state.AskAgainAt is not null)
            return Array.Find(candidates, o => o.Market == (MayWait(state, now) ? Market.Spot : Market.OnDemand)) ?? candidates[0];
        return OfferOrder.Left(state).Select(place => state.Pool.Offers[place]).FirstOrDefault();
    }

    /// <summary>There is time left to get a spot machine.</summary>
    private static bool MayWait(InstanceState state, DateTimeOffset now) =>
        !state.SkipSpot && state.Pool is { CanFallBack: true, FallbackAfter: { } wait } && now < state.FirstAskedAt + wait;

    public static void Answered(InstanceState state, InstanceCommand.LaunchAnswered command, DateTimeOffset now, Action<InstanceEvent> record)
    {
        if (state.Phase != Phase.Launching || command.Attempt != state.Attempt)
            return;
        switch (command.Outcome)
        {
            case LaunchOutcome.Launched launched:
                Confirm(state, launched.NativeId, launched.StartedAt, launched.Rate, now, record);
                break;
            case LaunchOutcome.Failed failed:
                Refused(state, failed, now, record);
                break;
            default:
                throw new UnreachableException($"No rule for {command.Outcome.GetType().Name}.");
        }
    }

    /// <summary>The machine exists: by the launch's answer, or because a sweep shows it first. It may have for long, so that its worker may have a task.</summary>
    public static void Confirm(InstanceState state, string nativeId, DateTimeOffset startedAt, HourlyRate? rate, DateTimeOffset now, Action<InstanceEvent> record)
    {
        // What a machine cost before it was taken over is nothing that was set aside here.
        if (state.Adopts is not null && state.FirstAskedAt is { } taken && startedAt < taken)
            startedAt = taken;
        record(new InstanceEvent.Launched(nativeId, startedAt, now, rate));
        if (state.Leaving is { } outcome)
            record(new InstanceEvent.DrainStarted(outcome, state.LeavingBecause ?? "", now));
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static void Refused(InstanceState state, LaunchOutcome.Failed failed, DateTimeOffset now, Action<InstanceEvent> record)
    {
        var refusal = new InstanceEvent.LaunchRefused(state.Attempt, failed.Fault, failed.Message, now, failed.Zones);
        record(refusal);
        var refused = InstanceFold.Apply(state, refusal);
        var next = Next(refused, now);
        if (state.Leaving is { } outcome)
            record(new InstanceEvent.Ended(outcome, state.LeavingBecause ?? "", null, now, now));
        else if (failed.Fault == ProviderFault.Misconfigured || next is null)
            record(new InstanceEvent.Ended(Outcome.LaunchFailed, failed.Message, failed.Fault, now, now));
        else if (state.Offer.Market == Market.Spot && next.Market == Market.OnDemand && MayWait(state, now))
            record(new InstanceEvent.SpotAwaited(Earlier(now + Later(state.Pool.PauseOf(state.Offer), AskAgainEvery), state.FirstAskedAt!.Value + state.Pool.FallbackAfter!.Value), now));
        else
            Begin(refused, now, record);
    }
}
