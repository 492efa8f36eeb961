using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Queues;

/// <summary>
/// Which machines of another autoscaler a queue can take over, and as what. They are found by their workers, whose names state pool, type and the platform's id. Each
/// becomes an intent like any other: it waits for its lease, and only then is its machine marked as ours.
/// </summary>
public static class AdoptionRules
{
    /// <summary>What would become of each machine now. Changes nothing.</summary>
    public static AdoptionAnswer Candidates(ScalerState state, IReadOnlyList<string> machines)
    {
        if (state.Spec is not { } spec || state.Retired)
            return new AdoptionAnswer("the queue is not declared", []);
        if (state.Observation is not { } look)
            return new AdoptionAnswer("the queue was not looked at since the node started; ask again in a moment", []);
        var taken = state.Instances.Values.Where(i => i.Phase != Phase.Ended && (i.Adopts?.NativeId ?? i.NativeId) is not null)
            .GroupBy(i => (i.Adopts?.NativeId ?? i.NativeId)!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Id, StringComparer.Ordinal);
        var room = spec.Pools.ToDictionary(p => p.Name, p => p.MaxInstances - state.InPool(p).Count(), StringComparer.Ordinal);
        List<AdoptionChoice> choices = [];
        var foreign = look.Workers.Where(w => w.Instance is null && w.NativeId is not null).GroupBy(w => w.NativeId!, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal);
        foreach (var machine in foreign.Where(g => machines.Count == 0 || machines.Contains(g.Key)))
        {
            var (worker, busy) = (machine.First().Worker, machine.Any(w => w.Tasks.Count > 0));
            if (taken.TryGetValue(machine.Key, out var by))
                choices.Add(new AdoptionChoice(machine.Key, worker, busy, state.Instances[by].Pool.Name, by, null));
            else if (PoolOf(spec, worker) is not { } pool)
                choices.Add(new AdoptionChoice(machine.Key, worker, busy, null, null, "no pool of the queue has the name or the machine type that its worker's name states"));
            else if (room[pool.Name]-- <= 0)
                choices.Add(new AdoptionChoice(machine.Key, worker, busy, pool.Name, null, $"pool {pool.Name} has as many instances as it may"));
            else
                choices.Add(new AdoptionChoice(machine.Key, worker, busy, pool.Name, null, null));
        }

        foreach (var unknown in machines.Where(m => choices.All(c => c.NativeId != m)))
            choices.Add(new AdoptionChoice(unknown, "", false, null, null, "no worker of another autoscaler serves this queue on it"));
        return new AdoptionAnswer(null, choices);
    }

    internal static void Adopt(ScalerStep step, ScalerCommand.Adopt command)
    {
        var answer = Candidates(step.State, command.Machines);
        List<AdoptionChoice> made = [];
        var fresh = answer.Choices.Where(c => c is { Refusal: null, Instance: null }).ToList();
        if (fresh.Count > 0)
        {
            var situation = ScalingRules.Describe(step.State, step.Now);
            LaunchChoice[] launch = [.. fresh.GroupBy(c => c.Pool!, StringComparer.Ordinal).Select(g => new LaunchChoice(g.Key, g.Count()))];
            step.Record(new ScalerEvent.Decided(new DecisionRecord(
                step.Now, "operator", situation, situation.Serving, $"take over {string.Join(", ", fresh.Select(c => c.NativeId))} from another autoscaler", launch, [], [], command.By)));
        }

        foreach (var choice in answer.Choices)
        {
            made.Add(fresh.Contains(choice)
                ? choice with { Instance = step.Request(choice.Pool!, skipSpot: false, new AdoptedMachine(choice.NativeId, TypeOf(choice.Worker))) }
                : choice);
        }

        step.Do(new ScalerEffect.AnswerAdoption(answer with { Choices = made }));
    }

    /// <summary>The pool of the name that the worker's name states, as an import writes it; else the only one with machines of its type.</summary>
    private static PoolSpec? PoolOf(QueueSpec spec, string worker)
    {
        if (WorkerName.PartsOf(worker) is not { } parts)
            return null;
        if (spec.Pools.FirstOrDefault(p => p.Name == parts.Pool || p.Name == ObjectName.Like(parts.Pool)) is { } named)
            return named;
        var type = TypeOf(worker);
        return spec.Pools.Where(p => p.Offers.Any(o => o.Type == type)).ToList() is [var only] ? only : null;
    }

    private static string TypeOf(string worker) => worker.Split(':') is [_, _, var type, ..] ? type : "";
}
