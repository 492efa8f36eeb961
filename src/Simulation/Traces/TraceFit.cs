using System.Globalization;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Simulation.Traces;

/// <summary>A job that its queue cannot serve.</summary>
/// <param name="Number">Its place in the trace, from 1.</param>
/// <param name="Job">The job.</param>
/// <param name="Reason">Why.</param>
public sealed record Misfit(int Number, TraceJob Job, string Reason)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"job {Number} (queue {Job.Queue}, submitted at {Job.SubmittedAt.TotalSeconds:0.###} s) {Reason}");
}

/// <summary>Which jobs of a trace a configuration can serve.</summary>
/// <param name="Setup">What can be replayed.</param>
/// <param name="Misfits">What was left out, in the trace's order.</param>
/// <param name="Strangers">Queues of the trace that the configuration does not have, with the number of their jobs: with any of them nothing should be replayed.</param>
public sealed record TraceFit(ReplaySetup Setup, IReadOnlyList<Misfit> Misfits, IReadOnlyList<(string Queue, int Jobs)> Strangers)
{
    /// <summary>What all other queues are sent to.</summary>
    public const string AllOthers = "*";

    /// <summary>
    /// Fits a trace to a configuration. A worker of a queue takes any of its tasks, so a job must fit each offer of its queue's pools; an instance's GPUs are divided evenly
    /// among its slots. A job whose GPUs are unknown fits.
    /// </summary>
    /// <param name="name">The configuration's name.</param>
    /// <param name="configuration">A configuration without faults.</param>
    /// <param name="trace">The trace.</param>
    /// <param name="options">The world.</param>
    /// <param name="queueMap">To which queue jobs of another are sent; <see cref="AllOthers"/> stands for every queue that is neither named nor declared.</param>
    public static TraceFit Of(string name, Configuration configuration, JobTrace trace, ReplayOptions options, IReadOnlyDictionary<string, string>? queueMap = null)
    {
        var setup = new ReplaySetup { Name = name, Configuration = configuration, Trace = trace, Options = options };
        var least = setup.Queues.ToDictionary(
            q => q.Name.Value,
            q => q.Pools.SelectMany(p => p.Offers.Select(o => (Gpus: (double)o.Gpus / p.Slots, Offer: o, Pool: p))).MinBy(o => o.Gpus));
        List<TraceJob> fitting = new(trace.Jobs.Count);
        List<Misfit> misfits = [];
        SortedDictionary<string, int> strangers = new(StringComparer.Ordinal);
        for (var i = 0; i < trace.Jobs.Count; i++)
        {
            var job = trace.Jobs[i];
            var queue = queueMap?.GetValueOrDefault(job.Queue) ?? (least.ContainsKey(job.Queue) ? null : queueMap?.GetValueOrDefault(AllOthers)) ?? job.Queue;
            if (!least.TryGetValue(queue, out var room))
            {
                strangers[queue] = strangers.GetValueOrDefault(queue) + 1;
            }
            else if (job.Gpus > room.Gpus)
            {
                var slots = room.Pool.Slots == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" for {room.Pool.Slots} slots");
                misfits.Add(new Misfit(i + 1, job, string.Create(
                    CultureInfo.InvariantCulture, $"needs {job.Gpus} GPUs, and {room.Offer.Type} of pool {room.Pool.Name} has {room.Offer.Gpus}{slots}")));
            }
            else
            {
                fitting.Add(queue == job.Queue ? job : job with { Queue = queue });
            }
        }

        return new TraceFit(setup with { Trace = trace with { Jobs = fitting } }, misfits, [.. strangers.Select(s => (s.Key, s.Value))]);
    }
}
