using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Tests.Kit;

using CsCheck;

namespace ControlPlane.Domain.Tests.Laws;

/// <summary>
/// What every state machine promises, checked along a random history. A subclass says which commands may come; they are sent with random pauses.
/// </summary>
public abstract class DeciderLaws<TDecider, TState, TCommand, TEvent, TEffect>
    where TDecider : IDecider<TState, TCommand, TEvent, TEffect>
    where TEvent : class, IEvent
{
    /// <summary>Commands that may be sent in a state.</summary>
    private protected abstract Gen<Func<TState, DateTimeOffset, TCommand>> Commands { get; }

    private protected abstract TCommand Tick { get; }

    private protected virtual int Iterations => 300;

    private protected virtual bool RemembersState => true;

    private Gen<(Func<TState, DateTimeOffset, TCommand> Command, int Pause)[]> Histories =>
        Gen.Select(Commands, Given.OneOf(0, 0, 1, 40, 300, 1_000, 20_000, 61_000, 200_000, 400_000, 1_000_000)).Array[1, 40];

    /// <summary>At the same moment the same question decides nothing new: messages come twice.</summary>
    [Fact]
    public void Decide_ACommandRepeatedAtOnce_RecordsNothingNew() => Histories.Sample(history => Run(history, (state, command, moment, decision) =>
    {
        var after = Fold(state, decision.Events);
        var again = TDecider.Decide(after, command, moment);
        Assert.DoesNotContain(again.Events, e => e is not ITransientEvent);
    }), iter: Iterations);

    /// <summary>Deciding is a function, and folding what it decided changes nothing but by events.</summary>
    [Fact]
    public void Decide_Anything_IsAFunctionOfItsArguments() => Histories.Sample(history => Run(history, (state, command, moment, decision) =>
    {
        var again = TDecider.Decide(state, command, moment);
        Assert.Equal(Written(decision.Events), Written(again.Events));
        Assert.Equal(decision.Effects.Count, again.Effects.Count);
        Assert.Equal(State(Fold(state, decision.Events)), State(Fold(state, again.Events)));
    }), iter: Iterations);

    /// <summary>A journal read back gives the state, and a snapshot read back decides as the state does.</summary>
    [Fact]
    public void Apply_EventsAndSnapshotsReadBack_GiveTheSameStateAndDecisions() => Histories.Sample(history =>
    {
        List<TEvent> journal = [];
        var last = Run(history, (_, _, _, decision) => journal.AddRange(decision.Events.Where(e => e is not ITransientEvent)));
        if (!RemembersState)
            return;
        foreach (var @event in journal)
            Assert.Equal(Wire.Write(@event), Wire.Write(Wire.Copy(@event)));
        var recovered = Fold(TDecider.Initial, journal.Select(Wire.Copy));
        var replayed = Fold(TDecider.Initial, journal);
        var snapshot = Wire.Copy(replayed);
        Assert.Equal(State(replayed), State(recovered));
        Assert.Equal(State(replayed), State(snapshot));
        Assert.Equal(TDecider.Deadline(replayed), TDecider.Deadline(snapshot));
        Assert.Equal(TDecider.Resume(replayed, last).Count, TDecider.Resume(snapshot, last).Count);
        foreach (var (command, _) in history)
        {
            var moment = new Moment(last, 1);
            var expected = TDecider.Decide(replayed, command(replayed, last), moment);
            Assert.Equal(Written(expected.Events), Written(TDecider.Decide(snapshot, command(replayed, last), moment).Events));
            Assert.Equal(Written(expected.Events), Written(TDecider.Decide(recovered, command(replayed, last), moment).Events));
        }
    }, iter: Iterations / 3);

    /// <summary>A deadline that has come moves on when it is served: no shell spins.</summary>
    [Fact]
    public void Tick_AtTheDeadline_ComesToRest() => Histories.Sample(history => Run(history, (state, _, moment, decision) =>
    {
        state = Fold(state, decision.Events);
        for (var round = 0; round < 5 && TDecider.Deadline(state) is { } deadline; round++)
        {
            var now = deadline > moment.Now ? deadline : moment.Now;
            for (var ticks = 0; TDecider.Deadline(state) <= now; ticks++)
            {
                Assert.True(ticks < 20, $"hot loop at {now:O}: the deadline stays at {TDecider.Deadline(state):O}");
                state = Fold(state, TDecider.Decide(state, Tick, new Moment(now, (ulong)ticks)).Events);
            }
        }
    }), iter: Iterations);

    private static DateTimeOffset Run(
        (Func<TState, DateTimeOffset, TCommand> Command, int Pause)[] history, Action<TState, TCommand, Moment, Decision<TEvent, TEffect>> check)
    {
        var state = TDecider.Initial;
        var now = Given.Now;
        ulong seed = 0;
        foreach (var (make, pause) in history)
        {
            now += TimeSpan.FromMilliseconds(pause);
            var moment = new Moment(now, ++seed);
            var command = make(state, now);
            var decision = TDecider.Decide(state, command, moment);
            check(state, command, moment, decision);
            state = Fold(state, decision.Events);
        }

        return now;
    }

    private static TState Fold(TState state, IEnumerable<TEvent> events) => events.Aggregate(state, TDecider.Apply);

    private static string State(TState state) => Wire.Write(state);

    private static string Written(IEnumerable<TEvent> events) => string.Join('\n', events.Where(e => e is not ITransientEvent).Select(Wire.Write));
}
