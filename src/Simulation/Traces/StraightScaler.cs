using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// A scaler where nothing fails. It ticks the instance whose time has come and not all of them, and asks the rules for the next evaluation only when an evaluation may
/// have moved it: what <see cref="ScalerDecider.Deadline"/> says, without going through all instances each time.
/// </summary>
internal sealed class StraightScaler(Agenda agenda, Dice dice, Action<ScalerEffect> carry)
    : StraightHost<ScalerDecider, ScalerState, ScalerCommand, ScalerEvent, ScalerEffect>(agenda, dice, new ScalerCommand.Tick(), carry)
{
    private readonly Dictionary<InstanceId, DateTimeOffset> _deadlines = [];
    private readonly PriorityQueue<InstanceId, long> _due = new();
    private DateTimeOffset? _evaluation;

    protected override bool TookId(IReadOnlyList<ScalerEvent> events)
    {
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i] is ScalerEvent.InstanceRequested)
                return true;
        }

        return false;
    }

    protected override void Decided(IReadOnlyList<ScalerEvent> events)
    {
        var evaluates = false;
        for (var i = 0; i < events.Count; i++)
        {
            switch (events[i])
            {
                case ScalerEvent.InstanceChanged e:
                    Note(e.Instance);
                    break;
                case ScalerEvent.InstanceNoticed e:
                    Note(e.Instance);
                    break;
                case ScalerEvent.InstanceRequested e:
                    Note(e.Instance);
                    break;
                case ScalerEvent.Evaluated or ScalerEvent.Configured or ScalerEvent.PoolFailed or ScalerEvent.PoolRecovered or ScalerEvent.PoolExhausted:
                    evaluates = true;
                    break;
            }
        }

        if (evaluates)
            _evaluation = ScalerDecider.NextEvaluation(State);
        WakeBy(_evaluation);
        if (NextDue() is { } due)
            WakeBy(due);
    }

    protected override void Wake()
    {
        while (NextDue() is { } due && due <= Agenda.Now)
        {
            var instance = _due.Dequeue();
            _deadlines.Remove(instance);
            Tell(new ScalerCommand.ForInstance(instance, new InstanceCommand.Tick()));
            if (!_deadlines.ContainsKey(instance))
                Note(instance, Agenda.Now + OverdueTickAfter);
        }

        if (_evaluation <= Agenda.Now)
        {
            _evaluation = null;
            Tell(TickCommand);
        }

        WakeBy(_evaluation);
        if (NextDue() is { } next)
            WakeBy(next);
    }

    private void Note(InstanceId id, DateTimeOffset notBefore = default)
    {
        if (!State.Instances.TryGetValue(id, out var instance) || InstanceDecider.Deadline(instance) is not { } deadline)
        {
            _deadlines.Remove(id);
            return;
        }

        if (deadline < notBefore)
            deadline = notBefore;
        if (_deadlines.TryGetValue(id, out var known) && known == deadline)
            return;
        _deadlines[id] = deadline;
        _due.Enqueue(id, deadline.UtcTicks);
    }

    /// <summary>The first deadline that still holds.</summary>
    private DateTimeOffset? NextDue()
    {
        while (_due.TryPeek(out var instance, out var ticks))
        {
            if (_deadlines.TryGetValue(instance, out var deadline) && deadline.UtcTicks == ticks)
                return deadline;
            _due.Dequeue();
        }

        return null;
    }
}
