using System.Diagnostics;
using Akka.Actor;
using Akka.Persistence;
using ControlPlane.Domain.Deciding;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Shell;

/// <summary>
/// Runs one state machine: recovers it by folding, does again what it still owes, decides commands, persists their events and then carries out their effects.
/// <para>The state is folded when a command is decided, so that the next command sees it; effects wait until the journal has all events up to theirs. If a write
/// fails the state in memory is ahead of the journal: nothing is released, the askers get a <see cref="ShellRefusal"/>, the actor stops and its parent
/// (<see cref="ShellSupervision"/>) starts it again from the journal.</para>
/// </summary>
/// <typeparam name="TDecider">The rules.</typeparam>
/// <typeparam name="TState">Immutable state.</typeparam>
/// <typeparam name="TCommand">What may be asked. Other messages go to <see cref="OnOther"/>.</typeparam>
/// <typeparam name="TEvent">Facts, each registered with a manifest.</typeparam>
/// <typeparam name="TEffect">
/// Things to do. What <c>Resume</c> returns must be equal in content as long as the state is: an effect that holds the current time counts as another one.
/// </typeparam>
public abstract partial class DeciderActor<TDecider, TState, TCommand, TEvent, TEffect> : UntypedPersistentActor
    where TDecider : IDecider<TState, TCommand, TEvent, TEffect>
    where TState : notnull
    where TCommand : class
    where TEvent : class, IEvent
    where TEffect : class
{
    private readonly ShellContext _shell;
    private readonly ILogger _log;
    private readonly CommitLine<TState, TEvent, TEffect> _line;
    private readonly Queue<(TCommand Command, IActorRef Sender)> _waiting = new();
    private int _eventsInWrite;
    private long _writeStarted;
    private bool _failed;
    private TState _state = TDecider.Initial;

    /// <summary>The state after the last released decision: what the journal has for certain.</summary>
    private TState _released = TDecider.Initial;

    private Action<TEvent>? _onPersisted;

    protected DeciderActor(string persistenceId, ShellContext shell)
    {
        PersistenceId = persistenceId;
        _shell = shell;
        _log = shell.Loggers.CreateLogger(GetType());
        _line = new(shell.Options.MaxEventsPerWrite);
        _owed = new(shell.Options, shell.NextJitter, KeyOf);
    }

    public sealed override string PersistenceId { get; }

    public override Recovery Recovery => UnreadableSnapshots.Of(Context.System).Contains(PersistenceId) ? new Recovery(SnapshotSelectionCriteria.None) : Recovery.Default;

    /// <summary>The state with all decided events folded in. It may be ahead of the journal: nothing outside may see it but through <see cref="Answer"/>.</summary>
    protected TState State => _state;

    protected DateTimeOffset Now => _shell.Time.GetUtcNow();

    /// <summary>The command that says that time has passed; the moment of the decision carries the time.</summary>
    protected abstract TCommand Tick { get; }

    /// <summary>Carries out one effect, whose cause is persisted. At least once: it may have been carried out before.</summary>
    /// <param name="effect">What to do.</param>
    /// <param name="replyTo">Who sent the command; <see cref="ActorRefs.Nobody"/> for an effect that is carried out again, or follows from a tick.</param>
    protected abstract void Carry(TEffect effect, IActorRef replyTo);

    /// <summary>What an effect that is owed is known by, so that its repetition backs off. By its whole content, unless an entity knows something shorter.</summary>
    protected virtual string KeyOf(TEffect effect) => EffectKey.Of(effect);

    /// <summary>A message that is no command: a question, or news from a child. Unknown ones are unhandled.</summary>
    protected virtual void OnOther(object message) => Unhandled(message);

    /// <summary>Called when decisions were released and once after recovery, with the state that the journal has.</summary>
    protected virtual void OnReleased(TState state)
    {
    }

    /// <summary>
    /// The record that is kept as the snapshot of a state, registered with a manifest. It leaves out what only <see cref="ITransientEvent"/>s have told. Null: no snapshots.
    /// </summary>
    protected virtual object? ToSnapshot(TState state) => state;

    /// <summary>The state that a snapshot stands for.</summary>
    protected virtual TState FromSnapshot(object snapshot) => (TState)snapshot;

    /// <summary>Its shard moves to another node: sends <see cref="WakeEntity"/> to itself there, if it has a deadline or may have anything to do before it is called.</summary>
    protected virtual void WakeElsewhere()
    {
    }

    /// <summary>Answers the sender with something read from the state as it is now, when that is persisted.</summary>
    protected void Answer(Func<TState, object> answer)
    {
        _line.Add(new(_state, [], [], Sender, answer, false));
        Advance();
    }

    protected sealed override void OnCommand(object message)
    {
        switch (message)
        {
            case TCommand command:
                Receive(command, Sender.Equals(Context.System.DeadLetters) ? ActorRefs.Nobody : Sender);
                break;
            case DeadlineReached reached:
                OnDeadline(reached);
                break;
            case RepeatDue:
                OnRepeatDue();
                break;
            case StopEntity:
                BeginStop();
                break;
            case StopTimedOut:
                Stopped();
                break;
            case SaveSnapshotSuccess saved:
                OnSnapshotSaved(saved.Metadata);
                break;
            case SaveSnapshotFailure failure:
                OnSnapshotFailed(failure.Cause);
                break;
            case DeleteSnapshotsFailure failure:
                ShellLog.OldSnapshotsKept(_log, failure.Cause, PersistenceId);
                break;
            case DeleteSnapshotsSuccess or ShellRefusal or Status.Failure or WakeEntity:
                // A refusal of another shell needs no act: what is still owed is repeated.
                break;
            default:
                OnOther(message);
                break;
        }
    }

    private void Receive(TCommand command, IActorRef sender)
    {
        if (_stopping)
        {
            Refuse(sender, RefusalReason.Stopping);
        }
        else if (_line.Count < _shell.Options.MaxInFlight)
        {
            Decide(command, sender);
            Advance();
        }
        else if (_waiting.Count < _shell.Options.MaxWaiting)
        {
            _waiting.Enqueue((command, sender));
        }
        else
        {
            Refuse(sender, RefusalReason.Overloaded);
        }
    }

    private void Decide(TCommand command, IActorRef sender)
    {
        var decision = TDecider.Decide(_state, command, new Moment(Now, _shell.NextSeed()));
        ShellMetrics.Decisions.Add(1);
        IReadOnlyList<TEvent> persistent = decision.Events;
        foreach (var e in decision.Events)
        {
            _state = TDecider.Apply(_state, e);
            if (e is ITransientEvent && ReferenceEquals(persistent, decision.Events))
                persistent = [.. decision.Events.Where(x => x is not ITransientEvent)];
        }

        _line.Add(new(_state, persistent, decision.Effects, sender, null, decision.Events.Count > 0));
    }

    /// <summary>Starts the next write if none is under way, and releases what needs none.</summary>
    private void Advance()
    {
        if (_failed || _line.IsWriting || _line.Count == 0)
            return;

        while (_line.Count > 0)
        {
            var events = _line.Cover();
            if (events.Count > 0)
            {
                _eventsInWrite = events.Count;
                _writeStarted = Stopwatch.GetTimestamp();
                PersistAllAsync(events, _onPersisted ??= OnPersisted);
                return;
            }

            Release();
        }

        if (_stopping)
            FinishStop();
    }

    private void OnPersisted(TEvent e)
    {
        if (--_eventsInWrite > 0 || _failed)
            return;

        ShellMetrics.WriteSeconds.Record(Stopwatch.GetElapsedTime(_writeStarted).TotalSeconds);
        _shell.Health.Succeeded();
        Release();
        Advance();
        if (_stopping && _line.Count == 0)
            FinishStop();
    }

    private void Release()
    {
        var released = _line.Uncover();
        foreach (var decided in released)
        {
            _decided |= decided.Changed;
            foreach (var effect in decided.Effects)
                Carry(effect, decided.ReplyTo);
            if (decided.Answer is { } answer)
                decided.ReplyTo.Tell(answer(decided.State), Self);
        }

        _released = released[^1].State;
        OnReleased(_released);
        SnapshotIfDue();
        while (_waiting.Count > 0 && _line.Count < _shell.Options.MaxInFlight)
        {
            var (command, sender) = _waiting.Dequeue();
            Decide(command, sender);
        }

        if (_stopping)
            return;
        ArmDeadline();
        ArmRepeat();
    }

    protected sealed override void OnPersistFailure(Exception cause, object @event, long sequenceNr) => Fail(cause, @event);

    protected sealed override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        // Akka would go on, with a state that the journal will never have.
        Fail(cause, @event);
        Context.Stop(Self);
    }

    private void Fail(Exception cause, object @event)
    {
        if (_failed)
            return;
        _failed = true;
        ShellMetrics.WriteFailures.Add(1);
        _shell.Health.Failed(cause);
        ShellLog.WriteFailed(_log, cause, PersistenceId, @event.GetType().Name, _line.Count);
        RefuseAll(RefusalReason.NotPersisted);
    }

    private void RefuseAll(RefusalReason reason)
    {
        foreach (var decided in _line.Abandon())
            Refuse(decided.ReplyTo, reason);
        while (_waiting.TryDequeue(out var waiting))
            Refuse(waiting.Sender, reason);
    }

    private void Refuse(IActorRef asker, RefusalReason reason)
    {
        if (!asker.IsNobody())
            asker.Tell(new ShellRefusal(PersistenceId, reason), Self);
    }

    protected override void PostStop()
    {
        RefuseAll(RefusalReason.NotPersisted);
        _deadlineTimer?.Cancel();
        _repeatTimer?.Cancel();
        _stopTimer?.Cancel();
        base.PostStop();
    }
}
