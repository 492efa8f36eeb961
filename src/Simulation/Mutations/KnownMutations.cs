using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using GatewayDecision = ControlPlane.Domain.Deciding.Decision<ControlPlane.Domain.Providers.GatewayEvent, ControlPlane.Domain.Providers.GatewayEffect>;
using LedgerDecision = ControlPlane.Domain.Deciding.Decision<ControlPlane.Domain.Budgets.LedgerEvent, ControlPlane.Domain.Budgets.LedgerEffect>;
using ScalerDecision = ControlPlane.Domain.Deciding.Decision<ControlPlane.Domain.Queues.ScalerEvent, ControlPlane.Domain.Queues.ScalerEffect>;

namespace ControlPlane.Simulation.Mutations;

/// <summary>The defects that the checker must find. Each is one that an honest programmer could make.</summary>
public static class KnownMutations
{
    public static IReadOnlyList<Mutation> All { get; } =
    [
        new("effects before their facts are written") { EffectsBeforeWrite = true },
        new("a new token for every repeated call") { Ask = (batch, before) => before == 0 ? batch : batch with { Token = $"{batch.Token}-{before}" } },
        new("one token for all offers of an instance") { Ask = (batch, _) => batch with { Token = batch.Intents[0].Instance.Value } },
        new("an incomplete list counts as complete") { Scaler = TrustIncompleteLists },
        new("absence in one list ends an instance") { Scaler = TrustOneList },
        new("a settled hold is not freed") { Ledger = ForgetToFree },
        new("only the leaf of the budget tree is checked") { Ledger = ForgetParents },
        new("a denied renewal is ignored") { Scaler = IgnoreDenial },
        new("a failed look counts as an empty queue") { Watcher = FailedLookIsEmpty },
        new("an idle instance is terminated without drain looks") { Scaler = TerminateAtOnce },
        new("tasks are put back before the machine has ended") { Scaler = PutBackEarly },
        new("tasks of an ended instance are never put back") { Scaler = NeverPutBack },
        new("the source puts tasks back each time it is asked") { SourceForgetsRequeues = true },
        new("a termination that was sent counts as an end") { Scaler = SentIsEnded },
        new("machines that nobody knows are left alone") { Gateway = IgnoreOrphans },
        new("the answer of a launch is forgotten before it was recorded") { Gateway = ForgetAnswers },
        new("offers without capacity are asked as ever") { Gateway = ForgetCapacity },
        new("the price that was seen is not the one that is posted") { Scaler = PostTheOffer },
        new("tasks are put back at a notice before the source stopped giving more") { Scaler = ReturnAtNoticeAtOnce },
    ];

    private static ScalerDecision TrustIncompleteLists(ScalerState state, ScalerCommand command, Moment moment) =>
        ScalerDecider.Decide(state, command is ScalerCommand.Sweep sweep ? sweep with { Complete = true } : command, moment);

    private static ScalerDecision TrustOneList(ScalerState state, ScalerCommand command, Moment moment) =>
        ScalerDecider.Decide(state, command is ScalerCommand.Sweep sweep ? sweep with { ConsistencyWindow = TimeSpan.Zero } : command, moment);

    private static LedgerDecision ForgetToFree(LedgerState state, LedgerCommand command, Moment moment) => command is LedgerCommand.Settle settle
        ? LedgerDecision.Do(new LedgerEffect.Tell(settle.Queue, settle.Lease, new LeaseAnswer.Settled()))
        : LedgerDecider.Decide(state, command, moment);

    private static LedgerDecision ForgetParents(LedgerState state, LedgerCommand command, Moment moment) => LedgerDecider.Decide(
        state, command is LedgerCommand.Configure tree ? tree with { Tree = [.. tree.Tree.Select(b => b with { Parent = null })] } : command, moment);

    private static ScalerDecision IgnoreDenial(ScalerState state, ScalerCommand command, Moment moment) =>
        command is ScalerCommand.ForInstance { Command: InstanceCommand.LeaseAnswered { Answer: LeaseAnswer.Denied }, Instance: var id }
        && state.Instances.TryGetValue(id, out var instance)
            ? ScalerDecider.Decide(
                state,
                new ScalerCommand.ForInstance(id, new InstanceCommand.LeaseAnswered(new LeaseAnswer.Granted((instance.LeaseUntil ?? moment.Now) + instance.LeaseLength))),
                moment)
            : ScalerDecider.Decide(state, command, moment);

    private static Decision<WatcherEvent, WatcherEffect> FailedLookIsEmpty(WatcherState state, WatcherCommand command, Moment moment) => WatcherDecider.Decide(
        state,
        command is WatcherCommand.LookFailed
            ? new WatcherCommand.Looked([.. state.Queues.Keys.Order().Select(q => new QueueObservation(q, moment.Now, 0, null, []))])
            : command,
        moment);

    private static ScalerDecision TerminateAtOnce(ScalerState state, ScalerCommand command, Moment moment)
    {
        var decision = ScalerDecider.Decide(state, command, moment);
        return new ScalerDecision(
            [
                .. decision.Events.Select(e => e is ScalerEvent.InstanceChanged { Event: InstanceEvent.DrainStarted drain } change
                    ? change with { Event = new InstanceEvent.TerminationStarted(drain.Outcome, drain.Because, drain.At) }
                    : e),
            ],
            decision.Effects);
    }

    private static ScalerDecision PutBackEarly(ScalerState state, ScalerCommand command, Moment moment)
    {
        var decision = ScalerDecider.Decide(state, command, moment);
        return decision.Then(
            [
                .. decision.Events.OfType<ScalerEvent.InstanceChanged>().Where(e => e.Event is InstanceEvent.TerminationStarted)
                    .Select(e => new ScalerEffect.OfInstance(e.Instance, new InstanceEffect.ReturnTasks("source", "it ends"))),
            ]);
    }

    private static ScalerDecision NeverPutBack(ScalerState state, ScalerCommand command, Moment moment)
    {
        var decision = ScalerDecider.Decide(state, command, moment);
        List<ScalerEvent> events = [];
        foreach (var @event in decision.Events)
        {
            events.Add(@event);
            if (@event is ScalerEvent.InstanceChanged { Event: InstanceEvent.Ended } ended && state.Instances.GetValueOrDefault(ended.Instance)?.StartedAt is not null)
                events.Add(new ScalerEvent.InstanceChanged(ended.Instance, new InstanceEvent.TasksReturned([], [], moment.Now)));
        }

        return new ScalerDecision(events, [.. decision.Effects.Where(e => e is not ScalerEffect.OfInstance { Effect: InstanceEffect.ReturnTasks })]);
    }

    private static ScalerDecision SentIsEnded(ScalerState state, ScalerCommand command, Moment moment)
    {
        var decision = ScalerDecider.Decide(state, command, moment);
        List<ScalerEvent> events = [];
        foreach (var @event in decision.Events)
        {
            events.Add(@event);
            if (@event is ScalerEvent.InstanceChanged { Event: InstanceEvent.TerminationStarted e } change)
                events.Add(change with { Event = new InstanceEvent.Ended(e.Outcome, e.Because, null, moment.Now, moment.Now) });
        }

        return new ScalerDecision(events, decision.Effects);
    }

    private static GatewayDecision IgnoreOrphans(GatewayState state, GatewayCommand command, Moment moment) =>
        command is GatewayCommand.Disown ? GatewayDecision.Nothing : GatewayDecider.Decide(state, command, moment);

    private static GatewayDecision ForgetAnswers(GatewayState state, GatewayCommand command, Moment moment)
    {
        var decision = GatewayDecider.Decide(state, command, moment);
        List<GatewayEvent> events = [];
        foreach (var @event in decision.Events)
        {
            events.Add(@event);
            if (@event is GatewayEvent.LaunchesAnswered answered)
                events.AddRange(answered.Answers.Select(a => new GatewayEvent.Noted(s => s with { Answers = s.Answers.Remove(a.Outcome.Instance) })));
        }

        return new GatewayDecision(events, decision.Effects);
    }

    private static GatewayDecision ForgetCapacity(GatewayState state, GatewayCommand command, Moment moment)
    {
        var decision = GatewayDecider.Decide(state with { Exhausted = [] }, command, moment);
        return new GatewayDecision([.. decision.Events.Where(e => e is not GatewayEvent.OfferExhausted)], decision.Effects);
    }

    private static ScalerDecision PostTheOffer(ScalerState state, ScalerCommand command, Moment moment)
    {
        var decision = ScalerDecider.Decide(state, command, moment);
        return new ScalerDecision(
            [
                .. decision.Events.Select(e => e is ScalerEvent.InstanceChanged { Event: InstanceEvent.Launched launched } change
                    ? change with { Event = launched with { Rate = null } }
                    : e).Where(e => e is not ScalerEvent.InstanceChanged { Event: InstanceEvent.PriceSeen }),
            ],
            decision.Effects);
    }

    private static ScalerDecision ReturnAtNoticeAtOnce(ScalerState state, ScalerCommand command, Moment moment)
    {
        var decision = ScalerDecider.Decide(state, command, moment);
        return decision.Then(
            [
                .. decision.Events.OfType<ScalerEvent.InstanceChanged>().Where(e => e.Event is InstanceEvent.DrainStarted { AtNotice: true })
                    .Select(e => new ScalerEffect.OfInstance(e.Instance, new InstanceEffect.ReturnTasks("source", "its provider takes it back"))),
            ]);
    }
}
