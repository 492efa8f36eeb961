using ControlPlane.Domain.Deciding;

namespace ControlPlane.Simulation.Engine;

/// <summary>
/// Runs one state machine where nothing fails: no journal, no crash, no lost message, so nothing is owed that was not done at once. For runs that ask what rules cost,
/// not whether they hold; <see cref="EntityHost{TDecider, TState, TCommand, TEvent, TEffect}"/> is the faithful one.
/// </summary>
public abstract class StraightHost<TDecider, TState, TCommand, TEvent, TEffect>(Agenda agenda, Dice dice, TCommand tick, Action<TEffect> carry)
    where TDecider : IDecider<TState, TCommand, TEvent, TEffect>
    where TState : notnull
    where TCommand : class
    where TEvent : class, IEvent
    where TEffect : class
{
    /// <summary>A tick that left its deadline where it was, in the past, must not become a hot loop.</summary>
    protected static readonly TimeSpan OverdueTickAfter = TimeSpan.FromSeconds(1);

    private DateTimeOffset _wakeAt = DateTimeOffset.MaxValue;
    private ulong _seed = dice.Next();

    public TState State { get; private set; } = TDecider.Initial;

    protected Agenda Agenda => agenda;

    protected TCommand TickCommand => tick;

    /// <summary>A message arrives; what is to be done because of it is handed on before this returns.</summary>
    public void Tell(TCommand command)
    {
        var decision = TDecider.Decide(State, command, new Moment(agenda.Now, _seed));
        var events = decision.Events;
        if (TookId(events))
            _seed = dice.Next();
        for (var i = 0; i < events.Count; i++)
            State = TDecider.Apply(State, events[i]);
        var effects = decision.Effects;
        for (var i = 0; i < effects.Count; i++)
            carry(effects[i]);
        if (events.Count > 0)
            Decided(events);
    }

    /// <summary>Whether a decision may have made ids of its moment's seed. A seed that was not used serves the next, so that what else happens does not change the ids.</summary>
    protected virtual bool TookId(IReadOnlyList<TEvent> events) => true;

    /// <summary>The state has changed: arranges for the next deadline.</summary>
    protected virtual void Decided(IReadOnlyList<TEvent> events) => WakeBy(TDecider.Deadline(State));

    /// <summary>The deadline has come.</summary>
    protected virtual void Wake()
    {
        var before = TDecider.Deadline(State);
        Tell(tick);
        if (TDecider.Deadline(State) is { } after)
            WakeBy(after == before && after <= agenda.Now ? agenda.Now + OverdueTickAfter : after);
    }

    /// <summary>Sees to it that <see cref="Wake"/> is called at that time or before.</summary>
    protected void WakeBy(DateTimeOffset? deadline)
    {
        if (deadline is not { } at || at >= _wakeAt)
            return;
        var due = at > agenda.Now ? at : agenda.Now;
        _wakeAt = due;
        agenda.At(due, () =>
        {
            if (_wakeAt != due)
                return;
            _wakeAt = DateTimeOffset.MaxValue;
            Wake();
        });
    }
}
