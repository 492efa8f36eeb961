using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json.Serialization;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Sources;

/// <summary>What the watcher of one source is told.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Configure), "configure")]
[JsonDerivedType(typeof(LookAgain), "lookAgain")]
[JsonDerivedType(typeof(Looked), "looked")]
[JsonDerivedType(typeof(LookFailed), "lookFailed")]
[JsonDerivedType(typeof(Tick), "tick")]
public abstract record WatcherCommand
{
    private WatcherCommand()
    {
    }

    /// <summary>The source as it is declared, and the queues to look at.</summary>
    public sealed record Configure(SourceSpec Spec, IReadOnlyList<QueueName> Queues, long Revision) : WatcherCommand;

    /// <summary>A scaler wants to be told of the next looks even if nothing changes, and soon.</summary>
    public sealed record LookAgain(QueueName Queue) : WatcherCommand;

    public sealed record Looked(IReadOnlyList<QueueObservation> Observations) : WatcherCommand;

    public sealed record LookFailed(string Message) : WatcherCommand;

    /// <summary>Time has passed.</summary>
    public sealed record Tick : WatcherCommand;
}

/// <summary>What a watcher does.</summary>
public abstract record WatcherEffect
{
    private WatcherEffect()
    {
    }

    public sealed record Look(IReadOnlyCollection<QueueName> Queues) : WatcherEffect;

    public sealed record Tell(QueueObservation Observation) : WatcherEffect;

    public sealed record Acknowledge(long Revision) : WatcherEffect;
}

/// <summary>A watcher remembers nothing over a restart: its one event is its new memory.</summary>
public sealed record WatcherEvent(WatcherState State) : ITransientEvent;

/// <summary>What was told last of a queue, and how many more looks it is to be told of.</summary>
public sealed record WatchedQueue(QueueObservation? Told, int LooksLeft);

/// <summary>The watcher of one source.</summary>
public sealed record WatcherState
{
    public static readonly WatcherState Initial = new();

    public SourceSpec? Spec { get; init; }

    public ImmutableSortedDictionary<QueueName, WatchedQueue> Queues { get; init; } = ImmutableSortedDictionary<QueueName, WatchedQueue>.Empty;

    public bool Looking { get; init; }

    public DateTimeOffset NextLookAt { get; init; }

    public int Failures { get; init; }

    /// <summary>What the last look failed with; null if it succeeded.</summary>
    public string? Fault { get; init; }

    /// <summary>When the last successful look ended; null before the first.</summary>
    public DateTimeOffset? LookedAt { get; init; }

    /// <summary>When something last moved: a queue's news differed from the last, or a task waited. Null before the first look.</summary>
    public DateTimeOffset? MovedAt { get; init; }

    /// <summary>Queues that the source does not have.</summary>
    public ImmutableSortedSet<QueueName> Missing { get; init; } = [];
}

/// <summary>The rules of a source's watcher: one look for all queues at a pace, told to those whose queue changed, and now and then to all. A failed look is told to nobody.</summary>
public sealed class WatcherDecider : IDecider<WatcherState, WatcherCommand, WatcherEvent, WatcherEffect>
{
    /// <summary>A change is told again for so many looks: a drain needs to see idleness more than once.</summary>
    private const int LooksAfterChange = 3;

    /// <summary>A queue of which nothing was told for so long is told again though nothing changed there: what it was told may have been lost.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>A source where nothing has moved for so long is at rest.</summary>
    private static readonly TimeSpan RestAfter = TimeSpan.FromMinutes(1);

    public static WatcherState Initial => WatcherState.Initial;

    public static Decision<WatcherEvent, WatcherEffect> Decide(WatcherState state, WatcherCommand command, Moment moment) => command switch
    {
        WatcherCommand.Configure c => Configure(state, c, moment.Now),
        WatcherCommand.LookAgain c => LookAgain(state, c.Queue, moment.Now),
        WatcherCommand.Looked c => Looked(state, c.Observations, moment.Now),
        WatcherCommand.LookFailed c => Failed(state, c.Message, moment),
        WatcherCommand.Tick => Tick(state, moment.Now),
        _ => throw new UnreachableException($"No rule for {command.GetType().Name}."),
    };

    public static WatcherState Apply(WatcherState state, WatcherEvent @event) => @event.State;

    public static IReadOnlyList<WatcherEffect> Resume(WatcherState state, DateTimeOffset now) => [];

    public static DateTimeOffset? Deadline(WatcherState state) => state is { Spec: not null, Looking: false, Queues.IsEmpty: false } ? state.NextLookAt : null;

    private static Decision<WatcherEvent, WatcherEffect> Configure(WatcherState state, WatcherCommand.Configure command, DateTimeOffset now)
    {
        var queues = command.Queues.ToImmutableSortedDictionary(q => q, q => state.Queues.GetValueOrDefault(q) ?? new WatchedQueue(null, LooksAfterChange));
        return new(
            [new WatcherEvent(state with { Spec = command.Spec, Queues = queues, NextLookAt = now, Missing = state.Missing.Intersect(command.Queues) })],
            [new WatcherEffect.Acknowledge(command.Revision)]);
    }

    private static Decision<WatcherEvent, WatcherEffect> LookAgain(WatcherState state, QueueName queue, DateTimeOffset now)
    {
        if (!state.Queues.TryGetValue(queue, out var watched))
            return Decision<WatcherEvent, WatcherEffect>.Nothing;

        // The look under way may have begun before the question: the next one counts. The pace is kept: many may ask at once. A rest ends, though.
        var soon = state.Spec is { RestPace: not null } spec && state.Failures == 0 && state.LookedAt is { } looked ? looked + spec.Pace : state.NextLookAt;
        return Decision<WatcherEvent, WatcherEffect>.Of(new WatcherEvent(state with
        {
            Queues = state.Queues.SetItem(queue, watched with { LooksLeft = LooksAfterChange }),
            NextLookAt = soon < state.NextLookAt ? soon : state.NextLookAt,
        }));
    }

    private static Decision<WatcherEvent, WatcherEffect> Looked(WatcherState state, IReadOnlyList<QueueObservation> observations, DateTimeOffset now)
    {
        if (state.Spec is not { } spec)
            return Decision<WatcherEvent, WatcherEffect>.Nothing;
        List<WatcherEffect> effects = [];
        var queues = state.Queues.ToBuilder();
        var moves = false;
        foreach (var observation in observations)
        {
            if (!queues.TryGetValue(observation.Queue, out var watched))
                continue;
            var changed = watched.Told is null || !Same(watched.Told, observation);
            moves |= changed || watched.LooksLeft > 0 || observation.Pending > 0;
            if (!changed && watched.LooksLeft == 0 && observation.AsOf - watched.Told!.AsOf < LongestSilence)
                continue;
            queues[observation.Queue] = new WatchedQueue(observation, changed ? LooksAfterChange : Math.Max(0, watched.LooksLeft - 1));
            effects.Add(new WatcherEffect.Tell(observation));
        }

        var moved = moves ? now : state.MovedAt;
        return new(
            [new WatcherEvent(state with
            {
                Queues = queues.ToImmutable(),
                Looking = false,
                NextLookAt = now + (spec.RestPace is { } rest && now - moved >= RestAfter ? rest : spec.Pace),
                MovedAt = moved,
                Failures = 0,
                Fault = null,
                LookedAt = now,
                Missing = [.. queues.Keys.Except(observations.Where(o => !o.Missing).Select(o => o.Queue))],
            })],
            effects);
    }

    private static Decision<WatcherEvent, WatcherEffect> Failed(WatcherState state, string message, Moment moment)
    {
        var pace = state.Spec?.Pace ?? LongestPause;
        var pause = TimeSpan.FromTicks(Math.Min(Math.Max(LongestPause.Ticks, pace.Ticks), pace.Ticks << Math.Min(state.Failures, 6)));
        var jitter = pause / 4 * (moment.Seed % 256 / 256.0);
        return Decision<WatcherEvent, WatcherEffect>.Of(
            new WatcherEvent(state with { Looking = false, NextLookAt = moment.Now + pause + jitter, Failures = state.Failures + 1, Fault = message }));
    }

    private static Decision<WatcherEvent, WatcherEffect> Tick(WatcherState state, DateTimeOffset now) =>
        state is { Spec: not null, Looking: false, Queues.IsEmpty: false } && state.NextLookAt <= now
            ? new([new WatcherEvent(state with { Looking = true })], [new WatcherEffect.Look([.. state.Queues.Keys])])
            : Decision<WatcherEvent, WatcherEffect>.Nothing;

    /// <summary>Whether two looks show the same. That a worker has reported again is no news, unless it is the first report after a silence.</summary>
    private static bool Same(QueueObservation a, QueueObservation b) =>
        a.Pending == b.Pending && a.Missing == b.Missing && a.OldestEnqueuedAt == b.OldestEnqueuedAt && a.Workers.Count == b.Workers.Count
        && a.Workers.Zip(b.Workers).All(w =>
            w.First.Worker == w.Second.Worker && w.First.Tasks.SequenceEqual(w.Second.Tasks) && w.First.LastActivity == w.Second.LastActivity
            && IsSilent(a, w.First) == IsSilent(b, w.Second));

    private static bool IsSilent(QueueObservation observation, WorkerObservation worker) => observation.AsOf - worker.LastSeen > TimeSpan.FromMinutes(3);
}
