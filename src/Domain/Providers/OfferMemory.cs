using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Providers;

/// <summary>
/// The memory of offers without capacity, one for each type, zone and market, so that a stockout costs few calls however many want a machine. Each refusal doubles the pause before
/// the offer is asked again and halves how many instances are asked of it then, by one call at a time; each call that is served gives a quarter of a full batch back.
/// </summary>
internal static class OfferMemory
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>How long it is known that an offer must be asked carefully, after it may be asked again.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    /// <summary>The answer to a launch that would be in vain; null if the offer may be asked.</summary>
    public static LaunchOutcome.Failed? Refusal(GatewayStep step, InstanceId instance, OfferKey offer) =>
        Find(step.State, offer) is { } known && known.Until > step.Now
            ? new LaunchOutcome.Failed(
                instance, known.Quota ? ProviderFault.QuotaExceeded : ProviderFault.InsufficientCapacity, $"{known.Message} (not asked again before {known.Until:HH:mm:ss} UTC)", known.Zones)
            : null;

    /// <summary>An offer that had no capacity is asked by one call at a time, until it served enough.</summary>
    public static bool IsHeld(GatewayState state, OfferKey offer) => Find(state, offer) is not null && state.Batches.Values.Any(b => b.Batch.Offer.Key == offer);

    /// <summary>The most instances that one call may ask of an offer.</summary>
    public static int Window(GatewayState state, OfferKey offer) => Find(state, offer) is { Window: > 0 and var window } ? window : int.MaxValue;

    public static bool IsCareful(GatewayState state, OfferKey offer) => Find(state, offer) is not null;

    /// <summary>An offer had no capacity for some of a batch.</summary>
    public static void Refused(GatewayStep step, LaunchBatch batch, LaunchOutcome.Failed refusal, int launched)
    {
        var known = Find(step.State, batch.Offer.Key);
        var failures = launched > 0 || known is null ? 0 : Math.Min(known.Failures + 1, 10);
        var window = Math.Max(1, launched > 0 ? launched : Math.Min(Window(step.State, batch.Offer.Key), Full(step)) / 2);
        var pause = batch.Pool.PauseOf(batch.Offer) * (1 << failures);
        step.Record(new GatewayEvent.OfferExhausted(
            new ExhaustedOffer(
                batch.Offer.Key, step.Now + (pause < LongestPause ? pause : LongestPause), refusal.Message, failures, window, refusal.Zones, refusal.Fault == ProviderFault.QuotaExceeded),
            step.Now));
    }

    /// <summary>An offer had all that a call asked of it.</summary>
    public static void Served(GatewayStep step, OfferKey offer)
    {
        if (Find(step.State, offer) is not { } known)
            return;
        var window = (known.Window == 0 ? Full(step) : known.Window) + Math.Max(1, Full(step) / 4);
        step.Record(new GatewayEvent.OfferServed(offer, window >= Full(step) ? 0 : window, step.Now));
    }

    public static GatewayState Apply(GatewayState state, GatewayEvent.OfferExhausted e) => state with
    {
        Exhausted = state.Exhausted.RemoveAll(x => x.Offer == e.Offer.Offer || x.Until + Remembered <= e.At).Add(e.Offer),
    };

    public static GatewayState Apply(GatewayState state, GatewayEvent.OfferServed e)
    {
        var place = state.Exhausted.FindIndex(x => x.Offer == e.Offer);
        return place < 0 ? state : state with
        {
            Exhausted = e.Window == 0 ? state.Exhausted.RemoveAt(place) : state.Exhausted.SetItem(place, state.Exhausted[place] with { Window = e.Window, Failures = 0 }),
        };
    }

    private static ExhaustedOffer? Find(GatewayState state, OfferKey offer) => state.Exhausted.Find(x => x.Offer == offer);

    private static int Full(GatewayStep step) => CallRates.Limits(step.Spec).LaunchBatch;
}
