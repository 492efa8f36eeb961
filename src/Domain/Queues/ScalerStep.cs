using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Queues;

/// <summary>One decision of a scaler while it is being made: the state as it will be, the events so far, the effects so far.</summary>
internal sealed class ScalerStep(ScalerState state, Moment moment)
{
    /// <summary>How long a pool without capacity is not asked again.</summary>
    private static readonly TimeSpan BlackoutTime = TimeSpan.FromMinutes(3);

    /// <summary>How long a pool that no budget could ever pay for is not asked again: somebody has to change a limit first.</summary>
    private static readonly TimeSpan NoMoneyTime = TimeSpan.FromMinutes(1);

    private readonly List<ScalerEvent> events = [];
    private readonly List<ScalerEffect> effects = [];
    private int ids;

    /// <summary>The state with the events so far folded in.</summary>
    public ScalerState State { get; private set; } = state;

    public DateTimeOffset Now => moment.Now;

    public bool IsEmpty => events.Count == 0 && effects.Count == 0;

    public Decision<ScalerEvent, ScalerEffect> Decision => IsEmpty ? Decision<ScalerEvent, ScalerEffect>.Nothing : new(events, effects);

    public bool Knows(InstanceId instance) => State.Instances.ContainsKey(instance);

    public InstanceId NewInstance() => new(moment.NewId(ids++));

    public void Record(ScalerEvent @event)
    {
        events.Add(@event);
        State = ScalerFold.Apply(State, @event);
    }

    public void Do(params ReadOnlySpan<ScalerEffect> done)
    {
        foreach (var effect in done)
            effects.Add(effect);
    }

    /// <summary>Asks for a look that begins from now on.</summary>
    public void WantLook()
    {
        if (State.Spec is not { } spec || State.Retired || State.LookWantedAt >= Now)
            return;
        Record(new ScalerEvent.LookWanted(Now));
        Do(new ScalerEffect.LookAgain(spec.Source));
    }

    /// <summary>Makes an intent; its lease is asked for once the intent is persisted.</summary>
    public InstanceId Request(string pool, bool skipSpot, AdoptedMachine? adopts = null)
    {
        var id = NewInstance();
        Record(new ScalerEvent.InstanceRequested(id, pool, Now, skipSpot, adopts));
        foreach (var effect in InstanceDecider.Resume(State.Instances[id]))
            Do(new ScalerEffect.OfInstance(id, effect));
        return id;
    }

    /// <summary>Lets an instance decide, and notes what its fate says of its pool.</summary>
    public void Route(InstanceId id, InstanceCommand command)
    {
        if (!State.Instances.TryGetValue(id, out var before))
        {
            // Forgotten because all was done: the gateway may still wait to hear so.
            if (command is InstanceCommand.LaunchAnswered late)
                AcknowledgeForgotten(id, late);
            return;
        }

        var decision = InstanceDecider.Decide(before, command, Now);
        foreach (var @event in decision.Events)
        {
            Record(@event is ITransientEvent ? new ScalerEvent.InstanceNoticed(id, @event) : new ScalerEvent.InstanceChanged(id, @event));
            Judge(before, @event);
        }

        foreach (var effect in decision.Effects)
            Do(new ScalerEffect.OfInstance(id, effect));

        // One less serves, or there is room for another: the queue's next look may look the same, and must be taken into account all the same.
        var after = State.Instances.GetValueOrDefault(id);
        if (before.Serves != (after?.Serves ?? false) || (before.Phase != Phase.Ended && after is not { Phase: not Phase.Ended }))
            WantLook();
    }

    /// <summary>A warning: a decision that changes nothing, so that it stands where people look for what happened to their queue.</summary>
    public void Say(string sentence)
    {
        var situation = ScalingRules.Describe(State, Now);
        Record(new ScalerEvent.Decided(new DecisionRecord(Now, "warning", situation, situation.Serving, sentence, [], [], State.LastDecision?.HeldBack ?? [])));
        Do(new ScalerEffect.Warn(sentence));
    }

    private void AcknowledgeForgotten(InstanceId id, InstanceCommand.LaunchAnswered late)
    {
        foreach (var provider in State.Spec?.Pools.Select(p => p.Provider).Distinct() ?? [])
            Do(new ScalerEffect.OfInstance(id, new InstanceEffect.AskGateway(provider, new GatewayCommand.Acknowledge(id, late.Attempt))));
    }

    private void Judge(InstanceState instance, InstanceEvent @event)
    {
        var pool = instance.Pool;
        switch (@event)
        {
            case InstanceEvent.WorkerRegistered when State.Breakers.ContainsKey(pool.Name) || State.Blackouts.ContainsKey(pool.Name):
                Record(new ScalerEvent.PoolRecovered(pool.Name, null, Now));
                break;
            case InstanceEvent.LaunchStarted { Offer.Market: Market.OnDemand } when instance is { Attempt: > 0, Offer.Market: Market.Spot }:
                if (pool.SpotBlackout is { } time && time > TimeSpan.Zero)
                    Record(new ScalerEvent.SpotExhausted(pool.Name, new Blackout(Now + time, $"an instance got no spot machine{Within(pool.FallbackAfter)}")));
                break;
            case InstanceEvent.Ended { Outcome: Outcome.LaunchFailed or Outcome.Vanished } when instance is { Adopts: not null, RegisteredAt: null }:
                // A machine that could not be taken over says nothing of what the pool can launch.
                break;
            case InstanceEvent.DrainStarted { Outcome: Outcome.StuckBooting } e:
                Failed(instance, e.Because);
                break;
            case InstanceEvent.PriceSeen e when e.Rate > instance.WorstRate && !(instance.SeenRate > instance.WorstRate):
                Say($"instance {instance.Id} is billed at {e.Rate} and its lease covers {instance.WorstRate}: that much is posted and no more, so its budget may be exceeded; raise the price of its offer in pool {pool.Name}");
                break;
            case InstanceEvent.Ended { Outcome: Outcome.LaunchFailed, Fault: ProviderFault.Misconfigured } e:
                Failed(instance, e.Because);
                break;
            case InstanceEvent.Ended { Outcome: Outcome.LaunchFailed } e:
                Record(new ScalerEvent.PoolExhausted(pool.Name, new Blackout(Now + BlackoutTime, e.Because)));
                break;
            case InstanceEvent.Ended { Outcome: Outcome.Budget } e when instance.Phase == Phase.Requested:
                Record(new ScalerEvent.PoolExhausted(pool.Name, new Blackout(Now + NoMoneyTime, e.Because, NoMoney: true)));
                break;
            case InstanceEvent.Ended { Outcome: Outcome.Vanished } e when instance.RegisteredAt is null:
                Failed(instance, $"it ended before its worker registered: {e.Because}");
                break;
        }
    }

    private static string Within(TimeSpan? time) => time is { } t && t > TimeSpan.Zero ? $" within {Words.Duration(t)}" : "";

    private void Failed(InstanceState instance, string message)
    {
        var known = State.Breakers.GetValueOrDefault(instance.Pool.Name);

        // Instances that were launched together fail together: that is one failure.
        if (known is not null && known.Revision == instance.Pool.Revision && instance.RequestedAt <= known.LastFailureAt)
            return;
        Record(new ScalerEvent.PoolFailed(instance.Pool.Name, Breaker.After(known, instance.Pool.Revision, message, Now)));
    }
}
