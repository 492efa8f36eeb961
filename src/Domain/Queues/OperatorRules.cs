using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Domain.Queues;

/// <summary>What a person may ask of a queue. Each request is recorded as a decision with the person's name.</summary>
internal static class OperatorRules
{
    public static void Leave(ScalerStep step, InstanceState instance, bool atOnce, string by)
    {
        if (!instance.CanLeave || (instance.Leaving is not null && !atOnce))
            return;
        var because = $"{by} asked to {(atOnce ? "terminate" : "drain")} it";
        Record(step, by, $"{(atOnce ? "terminate" : "drain")} instance {instance.Id}", [new LeaveChoice(instance.Id, Outcome.Operator, because)]);
        step.Route(instance.Id, atOnce ? new InstanceCommand.Terminate(Outcome.Operator, because) : new InstanceCommand.Drain(Outcome.Operator, because));
    }

    public static void DrainAll(ScalerStep step, string by)
    {
        var because = $"{by} asked to drain the queue";
        InstanceState[] leaving = [.. step.State.Instances.Values.Where(i => i.Leaving is null && i.CanLeave)];
        if (leaving.Length > 0)
        {
            Record(step, by, "drain all instances of the queue", [.. leaving.Select(i => new LeaveChoice(i.Id, Outcome.Operator, because))]);
            foreach (var instance in leaving)
                step.Route(instance.Id, new InstanceCommand.Drain(Outcome.Operator, because));
        }

        step.Do(new ScalerEffect.Reply(null));
    }

    public static void ResetPool(ScalerStep step, ScalerCommand.ResetPool command)
    {
        if (step.State.Spec?.Pools.Any(p => p.Name == command.Pool) != true)
        {
            step.Do(new ScalerEffect.Reply($"queue {step.State.Spec?.Name} has no pool {command.Pool}"));
            return;
        }

        if (step.State.Breakers.ContainsKey(command.Pool) || step.State.Blackouts.ContainsKey(command.Pool))
        {
            step.Record(new ScalerEvent.PoolRecovered(command.Pool, command.By, step.Now));
            step.WantLook();
        }

        step.Do(new ScalerEffect.Reply(null));
    }

    private static void Record(ScalerStep step, string by, string reason, IReadOnlyList<LeaveChoice> leave)
    {
        var situation = ScalingRules.Describe(step.State, step.Now);
        step.Record(new ScalerEvent.Decided(new DecisionRecord(step.Now, "operator", situation, situation.Serving, reason, [], leave, [], by)));
    }
}
