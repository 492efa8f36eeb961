using Akka.Actor;
using Akka.Persistence;

namespace ControlPlane.Actors.Shell;

/// <summary>Recovery, snapshots and the graceful stop.</summary>
public abstract partial class DeciderActor<TDecider, TState, TCommand, TEvent, TEffect>
{
    private long _folded;
    private long _snapshotAt;
    private DateTimeOffset _snapshotSavedAt = DateTimeOffset.MinValue;
    private bool _savingSnapshot;
    private bool _stopping;
    private ICancelable? _stopTimer;

    private sealed record StopTimedOut : INoSerializationVerificationNeeded;

    protected sealed override void OnRecover(object message)
    {
        switch (message)
        {
            case TEvent e:
                // A hole would mean that the journal lost events that no snapshot stands for.
                if (LastSequenceNr != _folded + 1)
                    throw new InvalidOperationException($"{PersistenceId}: the journal continues at {LastSequenceNr}, but the state has only the events up to {_folded}.");
                _state = TDecider.Apply(_state, e);
                _folded = LastSequenceNr;
                break;
            case SnapshotOffer offer:
                Restore(offer);
                break;
            case RecoveryCompleted:
                OnRecovered();
                break;
            default:
                throw new InvalidOperationException($"{PersistenceId}: the journal holds a {message.GetType().FullName}, which is no {typeof(TEvent).Name}.");
        }
    }

    private void Restore(SnapshotOffer offer)
    {
        try
        {
            _state = FromSnapshot(offer.Snapshot);
        }
        catch (InvalidCastException)
        {
            // Akka has chosen where to replay from; only a new start can choose again.
            UnreadableSnapshots.Of(Context.System).Add(PersistenceId);
            throw;
        }

        _folded = _snapshotAt = offer.Metadata.SequenceNr;
        _snapshotSavedAt = Now;
    }

    private void OnRecovered()
    {
        var now = Now;
        var owed = TDecider.Resume(_state, now);
        ShellLog.Recovered(_log, PersistenceId, LastSequenceNr, owed.Count);
        ShellMetrics.Recoveries.Add(1);
        foreach (var effect in owed)
            Carry(effect, ActorRefs.Nobody);
        _owed.Carried(owed, now);
        _released = _state;
        OnReleased(_released);
        ArmDeadline();
        ArmRepeat();
    }

    protected sealed override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        _failed = true;
        ShellMetrics.RecoveryFailures.Add(1);
        _shell.Health.Failed(reason);
        ShellLog.RecoveryFailed(_log, reason, PersistenceId, message?.GetType().Name ?? "nothing");
    }

    private void SnapshotIfDue()
    {
        var options = _shell.Options;
        if (options.SnapshotEvery > 0 && !_savingSnapshot && LastSequenceNr - _snapshotAt >= options.SnapshotEvery && Now - _snapshotSavedAt >= options.SnapshotInterval)
            SaveSnapshotOfReleased();
    }

    /// <returns>Whether a snapshot is under way: not if this entity keeps none.</returns>
    private bool SaveSnapshotOfReleased()
    {
        if (ToSnapshot(_released) is not { } snapshot)
            return false;
        _savingSnapshot = true;
        _snapshotSavedAt = Now;
        SaveSnapshot(snapshot);
        return true;
    }

    private void OnSnapshotSaved(SnapshotMetadata metadata)
    {
        _savingSnapshot = false;
        _snapshotAt = metadata.SequenceNr;
        if (_stopping)
            Stopped();
        else
            DeleteSnapshots(new SnapshotSelectionCriteria(metadata.SequenceNr - 1));
    }

    /// <summary>A snapshot is a cache of the fold: without it recovery takes longer, and that is all.</summary>
    private void OnSnapshotFailed(Exception cause)
    {
        _savingSnapshot = false;
        ShellLog.SnapshotFailed(_log, cause, PersistenceId);
        if (_stopping)
            Stopped();
    }

    private void BeginStop()
    {
        if (_stopping)
            return;
        _stopping = true;
        while (_waiting.TryDequeue(out var waiting))
            Refuse(waiting.Sender, RefusalReason.Stopping);
        _stopTimer = Context.System.Scheduler.ScheduleTellOnceCancelable(_shell.Options.StopTimeout, Self, new StopTimedOut(), Self);
        if (_line.Count == 0)
            FinishStop();
    }

    /// <summary>Everything is written: a last snapshot, if the next start is quicker with it, and then the end.</summary>
    private void FinishStop()
    {
        if (_savingSnapshot)
            return;
        if (LastSequenceNr - _snapshotAt < _shell.Options.SnapshotOnStop || !SaveSnapshotOfReleased())
            Stopped();
    }

    /// <summary>Nobody calls an entity whose shard has moved until there is news for it. When the node itself stops, the catalog calls all.</summary>
    private void Stopped()
    {
        if (CoordinatedShutdown.Get(Context.System).ShutdownReason is null)
            WakeElsewhere();
        Context.Stop(Self);
    }
}
