using Akka.Actor;

namespace ControlPlane.Actors.Shell;

/// <summary>The deadline of the state, and the repetition of what it owes.</summary>
public abstract partial class DeciderActor<TDecider, TState, TCommand, TEvent, TEffect>
{
    /// <summary>Timers look at the clock at least this often, so that a clock that was set is noticed.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromHours(1);

    private readonly OwedEffects<TEffect> _owed;
    private ICancelable? _deadlineTimer;
    private DateTimeOffset? _deadline;
    private DateTimeOffset? _overdue;
    private int _deadlineGeneration;
    private ICancelable? _repeatTimer;
    private DateTimeOffset _repeatAt;
    private bool _decided;

    private sealed record DeadlineReached(int Generation) : INoSerializationVerificationNeeded;

    private sealed record RepeatDue : INoSerializationVerificationNeeded
    {
        public static RepeatDue Instance { get; } = new();
    }

    private void ArmDeadline()
    {
        var deadline = TDecider.Deadline(_state);
        if (deadline == _deadline)
            return;
        _deadline = deadline;
        _deadlineTimer?.Cancel();
        _deadlineTimer = null;
        if (deadline is { } at)
            StartDeadlineTimer(at - Now, at);
    }

    private void StartDeadlineTimer(TimeSpan delay, DateTimeOffset at)
    {
        // A tick that left the deadline where it was, in the past, must not become a hot loop.
        if (_overdue == at && delay < _shell.Options.OverdueTickAfter)
            delay = _shell.Options.OverdueTickAfter;
        delay = delay < TimeSpan.Zero ? TimeSpan.Zero : delay > LongestTimer ? LongestTimer : delay;
        unchecked
        {
            _deadlineGeneration++;
        }

        _deadlineTimer = Context.System.Scheduler.ScheduleTellOnceCancelable(delay, Self, new DeadlineReached(_deadlineGeneration), Self);
    }

    private void OnDeadline(DeadlineReached reached)
    {
        if (reached.Generation != _deadlineGeneration || _deadline is not { } at || _stopping)
            return;

        var left = at - Now;
        if (left > TimeSpan.Zero)
        {
            StartDeadlineTimer(left, at);
            return;
        }

        _overdue = at;
        _deadline = null;
        Receive(Tick, ActorRefs.Nobody);
    }

    /// <summary>Only starts the timer: what is owed is asked at the check, not after each of thousands of decisions a second.</summary>
    private void ArmRepeat()
    {
        var now = Now;
        var pause = _decided ? _shell.Options.RepeatAfter : _owed.Pause(now);
        if (pause is { } soonest && (_repeatTimer is null || now + soonest < _repeatAt))
            StartRepeatTimer(soonest, now);
    }

    private void StartRepeatTimer(TimeSpan pause, DateTimeOffset now)
    {
        _repeatTimer?.Cancel();
        _repeatAt = now + pause;
        _repeatTimer = Context.System.Scheduler.ScheduleTellOnceCancelable(pause, Self, RepeatDue.Instance, Self);
    }

    private void OnRepeatDue()
    {
        _repeatTimer = null;
        if (_stopping || _failed)
            return;

        var now = Now;
        var due = _owed.Due(TDecider.Resume(_released, now), now, _decided);
        _decided = false;
        if (due.Count > 0)
        {
            ShellMetrics.Repetitions.Add(due.Count);
            ShellLog.Repeating(_log, PersistenceId, due.Count);
        }

        foreach (var effect in due)
            Carry(effect, ActorRefs.Nobody);
        if (_owed.Pause(now) is { } pause)
            StartRepeatTimer(pause, now);
    }
}
