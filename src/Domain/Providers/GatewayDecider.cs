using System.Collections.Immutable;
using System.Diagnostics;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Providers;

/// <summary>The rules of one provider's gateway: launches in batches under persisted tokens, terminations first, one sweep for all.</summary>
public sealed class GatewayDecider : IDecider<GatewayState, GatewayCommand, GatewayEvent, GatewayEffect>
{
    /// <summary>How long the answer of an attempt is remembered after its instance has recorded it: far longer than a message can be on its way.</summary>
    internal static readonly TimeSpan ClosedMemory = TimeSpan.FromHours(1);

    public static GatewayState Initial => GatewayState.Initial;

    public static Decision<GatewayEvent, GatewayEffect> Decide(GatewayState state, GatewayCommand command, Moment moment)
    {
        var step = new GatewayStep(state, moment);
        switch (command)
        {
            case GatewayCommand.Configure c:
                Configure(step, c.Spec, c.Queues);
                step.Do(new GatewayEffect.Acknowledge(c.Revision));
                break;
            case GatewayCommand.Retire c:
                Retire(step, c);
                break;
            case GatewayCommand.Launch c:
                LaunchBatches.Ask(step, c);
                break;
            case GatewayCommand.LaunchAnswered c:
                LaunchBatches.Answered(step, c);
                break;
            case GatewayCommand.Acknowledge c:
                if (state.Answers.TryGetValue(c.Instance, out var answer) && answer.Attempt == c.Attempt)
                    step.Record(new GatewayEvent.AnswerAcknowledged(c.Instance, c.Attempt, moment.Now));
                break;
            case GatewayCommand.Terminate c:
                Terminations.Ask(step, c.Instance);
                break;
            case GatewayCommand.TerminateAnswered c:
                Terminations.Answered(step, c.Outcomes);
                break;
            case GatewayCommand.SweepAnswered c:
                Sweeps.Answered(step, c.Outcome);
                break;
            case GatewayCommand.Disown c:
                Sweeps.Disowned(step, c.Instance);
                break;
            case GatewayCommand.ReadConsole c:
                Consoles.Ask(step, c);
                break;
            case GatewayCommand.ConsoleAnswered c:
                Consoles.Answered(step, c);
                break;
            case GatewayCommand.Tick:
                Tick(step);
                break;
            default:
                throw new UnreachableException($"No rule for {command.GetType().Name}.");
        }

        return step.Decision;
    }

    public static GatewayState Apply(GatewayState state, GatewayEvent @event) => @event switch
    {
        GatewayEvent.BatchOpened e => state with
        {
            OpenIntents = (state.OpenIntents ?? [.. state.Batches.Values.SelectMany(b => b.Open)]).Union(e.Batch.Intents.Select(i => i.Instance)),
            RestingCalls = state.RestingCalls?.Add(e.Batch.Token),
            Batches = state.Batches.SetItem(e.Batch.Token, new OpenBatch(e.Batch, e.Attempts, [.. e.Batch.Intents.Select(i => i.Instance)])),
        },
        GatewayEvent.LaunchesAnswered e => Answer(state, e),
        GatewayEvent.AnswerAcknowledged e => Close(state with { Answers = state.Answers.Remove(e.Instance) }, e),
        GatewayEvent.OfferExhausted e => OfferMemory.Apply(state, e),
        GatewayEvent.OfferServed e => OfferMemory.Apply(state, e),
        GatewayEvent.RateLearnt e => CallRates.Apply(state, e),
        GatewayEvent.OrphanReaped => state,
        GatewayEvent.Noted e => e.Change(state),
        _ => throw new UnreachableException($"No fold for {@event.GetType().Name}."),
    };

    /// <summary>Answers that were not acknowledged are told again; batches whose call is not under way are called again by the next tick.</summary>
    public static IReadOnlyList<GatewayEffect> Resume(GatewayState state, DateTimeOffset now) =>
        [.. state.Answers.Select(a => Tell(a.Key, a.Value))];

    public static DateTimeOffset? Deadline(GatewayState state)
    {
        if (state.Spec is null)
            return null;
        DateTimeOffset? next = state.SweepStartedAt is null ? state.NextSweepAt : null;
        void Consider(DateTimeOffset at)
        {
            if (next is null || at < next)
                next = at;
        }

        if (Terminations.NextAt(state) is { } termination)
            Consider(termination);
        if (state.TerminationsShort)
            return next;
        foreach (var token in state.Resting)
        {
            var call = state.Calls.GetValueOrDefault(token);
            Consider(call is not null && call.RetryAt > CallRates.LaunchAt(state) ? call.RetryAt : CallRates.LaunchAt(state));
        }

        if (state.FlushAt is { } flush)
            Consider(flush);
        return next;
    }

    internal static GatewayEffect.TellInstance Tell(InstanceId instance, PendingAnswer answer) =>
        new(answer.Queue, instance, new InstanceCommand.LaunchAnswered(answer.Attempt, answer.Outcome));

    private static void Configure(GatewayStep step, ProviderSpec spec, IReadOnlyList<QueueName> queues)
    {
        var hot = step.Now + spec.ConsistencyWindow + (spec.SweepEvery * 3);
        var first = step.State.Spec is null;
        step.Note(s => s with
        {
            Spec = spec,
            AwakeSince = first ? step.Now : s.AwakeSince,
            NextSweepAt = first ? step.Now : s.NextSweepAt,
            InstanceBucket = first ? CallRates.InstancesLeft(s, CallRates.Limits(spec), step.Now) : s.InstanceBucket,
            Queues = s.Queues.AddRange(queues.Where(q => !s.Queues.ContainsKey(q)).Select(q => KeyValuePair.Create(q, new QueueMachines([], hot)))),
        });
    }

    private static void Retire(GatewayStep step, GatewayCommand.Retire command)
    {
        Configure(step, command.Spec, []);
        var state = step.State;
        var nothingLeft = state.Batches.IsEmpty && state.Answers.IsEmpty && state.Gathering.IsEmpty && state.Ending.IsEmpty
            && state.Queues.Values.All(q => q.Machines.All(m => m.State == MachineState.Ended));

        // Launches of the time before this start may show late.
        if (nothingLeft && state.SweptAt > state.AwakeSince + command.Spec.ConsistencyWindow)
            step.Do(new GatewayEffect.TellGone(command.Revision));
    }

    private static void Tick(GatewayStep step)
    {
        // Terminations go first: they stop the spending.
        CallRates.Refill(step);
        Terminations.Send(step);
        if (!step.State.TerminationsShort)
        {
            LaunchBatches.Repeat(step);
            LaunchBatches.Flush(step);
        }

        Sweeps.Start(step);
    }

    private static GatewayState Answer(GatewayState state, GatewayEvent.LaunchesAnswered e)
    {
        var answers = state.Answers.SetItems(e.Answers.Select(a => KeyValuePair.Create(a.Outcome.Instance, a)));
        if (!state.Batches.TryGetValue(e.Token, out var batch))
            return state with { Answers = answers };
        var open = batch.Open.Except(e.Answers.Select(a => a.Outcome.Instance));
        return state with
        {
            Answers = answers,
            OpenIntents = state.OpenIntents?.Except(e.Answers.Select(a => a.Outcome.Instance)),
            RestingCalls = open.IsEmpty ? state.RestingCalls?.Remove(e.Token) : state.RestingCalls,
            Batches = open.IsEmpty ? state.Batches.Remove(e.Token) : state.Batches.SetItem(e.Token, batch with { Open = open }),
        };
    }

    private static GatewayState Close(GatewayState state, GatewayEvent.AnswerAcknowledged e)
    {
        var closed = state.Closed.SetItem(e.Instance, new ClosedAttempt(e.Attempt, e.At));

        // Ids are sorted by the time of their intent; what was acknowledged long ago is near the front.
        while (closed.First() is { } oldest && e.At - oldest.Value.At > ClosedMemory)
            closed = closed.Remove(oldest.Key);
        return state with { Closed = closed };
    }
}

/// <summary>One decision of a gateway while it is being made.</summary>
internal sealed class GatewayStep(GatewayState state, Moment moment)
{
    private readonly List<GatewayEvent> events = [];
    private readonly List<GatewayEffect> effects = [];

    public GatewayState State { get; private set; } = state;

    public DateTimeOffset Now => moment.Now;

    public Moment Moment => moment;

    public ProviderSpec? Spec => State.Spec;

    public Decision<GatewayEvent, GatewayEffect> Decision => new(events, effects);

    public void Record(GatewayEvent @event)
    {
        events.Add(@event);
        State = GatewayDecider.Apply(State, @event);
    }

    public void Note(Func<GatewayState, GatewayState> change) => Record(new GatewayEvent.Noted(change));

    public void Do(GatewayEffect effect) => effects.Add(effect);

    public void KeepHot(QueueName queue)
    {
        if (Spec is { } spec)
        {
            var until = Now + spec.ConsistencyWindow + (spec.SweepEvery * 3);
            Note(s => s with { Queues = s.Queues.SetItem(queue, (s.Queues.GetValueOrDefault(queue) ?? new QueueMachines([], until)) with { HotUntil = until }) });
        }
    }
}
