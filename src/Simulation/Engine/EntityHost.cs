using System.Text.Json;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Simulation.Engine;

/// <summary>
/// Runs one state machine as the production shell does: decide and fold at once; write what is persistent, several decisions in one write; release the effects
/// of a decision when its facts and all before them are written; repeat what is owed with back-off; tick at the deadline. A crash loses everything but the journal.
/// </summary>
public sealed class EntityHost<TDecider, TState, TCommand, TEvent, TEffect>(string name, HostSettings settings, TCommand tick, Action<TEffect> carry) : Entity(name)
    where TDecider : IDecider<TState, TCommand, TEvent, TEffect>
    where TState : notnull
    where TCommand : class
    where TEvent : class, IEvent
    where TEffect : class
{
    private static readonly TimeSpan OverdueTickAfter = TimeSpan.FromSeconds(1);

    private readonly Journal<TEvent> _journal = new(settings.JournalAsText);
    private readonly List<Decided> _line = [];
    private readonly OwedEffects<TEffect> _owed = new();
    private bool _writing;
    private bool _decided;
    private DateTimeOffset? _deadline;
    private DateTimeOffset? _overdue;
    private DateTimeOffset _repeatAt = DateTimeOffset.MaxValue;
    private (CrashPoint Point, TimeSpan Downtime)? _armed;

    private readonly record struct Decided(TState Before, TState After, IReadOnlyList<TEvent> Events, IReadOnlyList<TEffect> Effects);

    /// <summary>The state with everything decided folded in.</summary>
    public TState State { get; private set; } = TDecider.Initial;

    /// <summary>The state that the journal has for certain.</summary>
    public TState Released { get; private set; } = TDecider.Initial;

    /// <summary>In place of the decider's own rule; for mutations.</summary>
    public Func<TState, TCommand, Moment, Decision<TEvent, TEffect>> Rule { get; init; } = TDecider.Decide;

    /// <summary>Told of each event once it is persisted, or, if it is transient, once it is released.</summary>
    public Action<TState, TEvent>? Watch { get; init; }

    public IReadOnlyList<string> JournalTexts => _journal.Texts;

    public int Persisted => _journal.Count;

    /// <summary>A message arrives. One that finds the entity down is lost.</summary>
    public void Tell(TCommand command)
    {
        if (!Up)
            return;
        var before = State;
        var decision = Rule(State, command, new Moment(settings.Agenda.Now, settings.Dice.Next()));
        foreach (var @event in decision.Events)
            State = TDecider.Apply(State, @event);
        if (settings.History is { } history)
            Note(history, command, decision);
        _decided |= decision.Events.Count > 0;
        if (decision.Events.Count > 0 || decision.Effects.Count > 0)
            _line.Add(new(before, State, decision.Events, decision.Effects));
        if (settings.EffectsBeforeWrite)
            CarryAll(decision.Effects);
        Advance();
    }

    public override void Crash()
    {
        if (!Up)
            return;
        Up = false;
        settings.History?.Note(Name, "crashes");
        _line.Clear();
        _writing = false;
        _armed = null;
    }

    public override void Start()
    {
        if (Up)
            return;
        Up = true;
        Incarnation++;
        State = Fold();
        Released = State;
        _deadline = _overdue = null;
        _decided = false;
        _repeatAt = DateTimeOffset.MaxValue;
        settings.History?.Note(Name, "starts");
        var owed = TDecider.Resume(State, settings.Agenda.Now);
        _owed.Carried(owed, settings.Agenda.Now);
        CarryAll(owed);
        ArmDeadline();
        ArmRepeat();
    }

    public override void Arm(CrashPoint point, TimeSpan downtime)
    {
        if (!Up)
            return;
        if (point == CrashPoint.Now)
            Restart(downtime);
        else
            _armed = (point, downtime);
    }

    public override string? CheckReplay()
    {
        // What persists nothing remembers nothing.
        if (!Up || _line.Count > 0 || _journal.Count == 0)
            return null;
        var folded = JsonSerializer.Serialize(Fold());
        var live = JsonSerializer.Serialize(State);
        return folded == live ? null : $"{Name}: the journal folds to {folded}, and the state is {live}";
    }

    private TState Fold()
    {
        var state = TDecider.Initial;
        foreach (var @event in _journal.Read())
            state = TDecider.Apply(state, @event);
        return state;
    }

    private void Restart(TimeSpan downtime)
    {
        Crash();
        settings.Agenda.After(downtime, Start);
    }

    private void Advance()
    {
        if (_writing || _line.Count == 0)
            return;
        if (IsAllTransient())
        {
            Release(_line.Count, int.MaxValue);
            return;
        }

        _writing = true;
        var covered = _line.Count;
        var life = Incarnation;
        settings.Agenda.After(settings.WriteTime(), () =>
        {
            if (Up && life == Incarnation)
                Written(covered);
        });
    }

    private bool IsAllTransient()
    {
        foreach (var decided in _line)
        {
            for (var i = 0; i < decided.Events.Count; i++)
            {
                if (decided.Events[i] is not ITransientEvent)
                    return false;
            }
        }

        return true;
    }

    private void Written(int covered)
    {
        _writing = false;
        var armed = _armed;
        _armed = null;
        if (armed is { Point: CrashPoint.BeforeWrite } || settings.WriteFails())
        {
            Restart(armed?.Downtime ?? TimeSpan.FromMilliseconds(500));
            return;
        }

        for (var i = 0; i < covered; i++)
        {
            foreach (var @event in _line[i].Events)
            {
                if (@event is not ITransientEvent)
                    _journal.Append(@event);
            }
        }

        var effects = _line.Take(covered).Sum(d => d.Effects.Count);
        var carried = armed switch
        {
            { Point: CrashPoint.AfterWrite } => 0,
            { Point: CrashPoint.AmongEffects } => settings.Dice.Below(effects + 1),
            _ => int.MaxValue,
        };
        Release(covered, carried);
        if (armed is { } crash)
            Restart(crash.Downtime);
        else
            Advance();
    }

    private void Release(int count, int mostEffects)
    {
        var life = Incarnation;
        Decided[] released = count == _line.Count ? [.. _line] : [.. _line.Take(count)];
        _line.RemoveRange(0, count);
        foreach (var decided in released)
        {
            Released = decided.After;
            if (Watch is { } watch)
            {
                var state = decided.Before;
                foreach (var @event in decided.Events)
                {
                    state = TDecider.Apply(state, @event);
                    watch(state, @event);
                }
            }

            foreach (var effect in decided.Effects)
            {
                if (mostEffects-- > 0 && !settings.EffectsBeforeWrite)
                    carry(effect);
            }
        }

        if (!Up || life != Incarnation)
            return;
        ArmDeadline();
        ArmRepeat();
    }

    private void CarryAll(IReadOnlyList<TEffect> effects)
    {
        foreach (var effect in effects)
            carry(effect);
    }

    private void ArmDeadline()
    {
        var deadline = TDecider.Deadline(State);
        if (deadline == _deadline)
            return;
        _deadline = deadline;
        if (deadline is not { } at)
            return;

        // A tick that left the deadline where it was, in the past, must not become a hot loop.
        var due = _overdue == at && at < settings.Agenda.Now + OverdueTickAfter ? settings.Agenda.Now + OverdueTickAfter : at;
        var life = Incarnation;
        settings.Agenda.At(due, () =>
        {
            if (!Up || life != Incarnation || _deadline != at)
                return;
            _overdue = at;
            _deadline = null;
            Tell(tick);
            ArmDeadline();
        });
    }

    private void ArmRepeat()
    {
        var now = settings.Agenda.Now;
        var pause = _decided ? OwedEffects<TEffect>.First : _owed.Pause(now);
        if (pause is not { } soonest || now + soonest >= _repeatAt)
            return;
        var at = _repeatAt = now + soonest;
        var life = Incarnation;
        settings.Agenda.At(at, () =>
        {
            if (!Up || life != Incarnation || _repeatAt != at)
                return;
            _repeatAt = DateTimeOffset.MaxValue;
            var due = _owed.Due(TDecider.Resume(Released, settings.Agenda.Now), settings.Agenda.Now, _decided);
            _decided = false;
            CarryAll(due);
            if (Up && life == Incarnation)
                ArmRepeat();
        });
    }

    private void Note(History history, TCommand command, Decision<TEvent, TEffect> decision)
    {
        history.Note(Name, command.GetType().Name, history.Remembers ? command.ToString() : null);
        foreach (var @event in decision.Events)
            history.Note(Name, @event.GetType().Name, @event is not ITransientEvent || history.Remembers ? @event.ToString() : null);
        foreach (var effect in decision.Effects)
            history.Note(Name, effect.GetType().Name);
    }
}
