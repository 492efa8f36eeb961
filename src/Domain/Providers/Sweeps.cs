using System.Collections.Immutable;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Providers;

/// <summary>
/// One list of all our machines, told to the scalers that it concerns: those whose machines changed, and for a while after a change everybody
/// concerned by it, so that an absence is seen more than once. A list that is incomplete makes nobody absent.
/// </summary>
internal static class Sweeps
{
    private static readonly TimeSpan AfterChange = TimeSpan.FromSeconds(1);

    /// <summary>A scaler that was away when its machines changed learns of it so much later at the latest.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    public static void Start(GatewayStep step)
    {
        if (step.Spec is null || step.State.SweepStartedAt is not null || step.State.NextSweepAt > step.Now)
            return;
        step.Note(s => s with { SweepStartedAt = step.Now });
        step.Do(new GatewayEffect.CallSweep());
    }

    /// <summary>Something was launched or ended: look soon.</summary>
    public static void Soon(GatewayStep step)
    {
        var soon = step.Now + AfterChange;

        // A platform that could not answer the last lists is not hurried.
        if (step.State.NextSweepAt > soon && step.State.FailedSweeps == 0)
            step.Note(s => s with { NextSweepAt = soon });
    }

    public static void Answered(GatewayStep step, SweepOutcome outcome)
    {
        if (step.Spec is not { } spec)
            return;
        var (asOf, machines, complete) = outcome switch
        {
            SweepOutcome.Complete c => (c.AsOf, c.Machines, true),
            SweepOutcome.Incomplete i => (i.AsOf, i.Machines, false),
            _ => throw new System.Diagnostics.UnreachableException($"No rule for {outcome.GetType().Name}."),
        };
        var failures = complete ? 0 : step.State.FailedSweeps + 1;
        var pause = TimeSpan.FromTicks(Math.Min(Math.Max(LongestPause.Ticks, spec.SweepEvery.Ticks), spec.SweepEvery.Ticks << Math.Min(failures, 6)));
        step.Note(s => s with
        {
            SweepStartedAt = null,
            NextSweepAt = step.Now + pause,
            SweptAt = complete ? asOf : s.SweptAt,
            FailedSweeps = failures,
            SweepFault = outcome is SweepOutcome.Incomplete fault ? fault.Message : null,
        });

        var shown = machines.ToLookup(m => m.Queue);
        foreach (var queue in shown.Select(g => g.Key).Union(step.State.Queues.Keys).Order().ToArray())
            Tell(step, queue, [.. shown[queue].OrderBy(m => m.Instance)], asOf, complete);

        if (complete)
        {
            var living = machines.Where(m => m.State != MachineState.Ended).Select(m => m.Instance).ToHashSet();
            var gone = step.State.Orphans.Keys.Where(o => !living.Contains(o)).ToArray();
            if (gone.Length > 0)
                step.Note(s => s with { Orphans = s.Orphans.RemoveRange(gone) });
        }
    }

    /// <summary>A scaler does not know a machine: after the grace period it is ended. Until it is gone its queue is told of every sweep.</summary>
    public static void Disowned(GatewayStep step, InstanceRef machine)
    {
        if (step.Spec is not { } spec)
            return;
        var queue = step.State.Queues.FirstOrDefault(q => q.Value.Machines.Any(m => m.Instance == machine.Instance)).Key;
        if (queue is null)
            return;
        step.KeepHot(queue);
        if (!step.State.Orphans.TryGetValue(machine.Instance, out var since))
        {
            step.Note(s => s with { Orphans = s.Orphans.SetItem(machine.Instance, step.Now) });
            since = step.Now;
        }

        if (step.Now - since < spec.OrphanGrace)
            return;

        // An answer may be lost: it is sent again after a while, but told once.
        if (!step.State.Ending.ContainsKey(machine.Instance))
            step.Record(new GatewayEvent.OrphanReaped(machine, queue, step.Now));
        Terminations.Ask(step, machine);
    }

    private static void Tell(GatewayStep step, QueueName queue, IReadOnlyList<Machine> machines, DateTimeOffset asOf, bool complete)
    {
        var known = step.State.Queues.GetValueOrDefault(queue);
        var changed = !(known?.Machines ?? []).SequenceEqual(machines);
        var hot = step.State.Orphans.Count > 0 && machines.Any(m => step.State.Orphans.ContainsKey(m.Instance));
        if (!changed && !hot && !(known?.HotUntil > step.Now) && !(known is not null && asOf - known.ToldAt >= LongestSilence))
            return;
        if (changed && complete)
        {
            step.Note(s => s with { Queues = s.Queues.SetItem(queue, (s.Queues.GetValueOrDefault(queue) ?? new QueueMachines([], step.Now)) with { Machines = machines }) });
            step.KeepHot(queue);
        }

        if (complete && step.State.Queues.TryGetValue(queue, out var told))
            step.Note(s => s with { Queues = s.Queues.SetItem(queue, told with { ToldAt = asOf }) });
        step.Do(new GatewayEffect.TellScaler(queue, new ScalerCommand.Sweep(step.Spec!.Name, asOf, complete, step.Spec.ConsistencyWindow, machines)));
    }
}
