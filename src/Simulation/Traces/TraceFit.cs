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
    /// The queue for jobs of up to so many GPUs of a queue of the trace: <c>train.g8</c> takes jobs of <c>train</c> with 8 or fewer that no smaller one takes. So one queue of a trace can
    /// have machines of several sizes.
    /// </summary>
    public static string Sized(string queue, int gpus) => string.Create(CultureInfo.InvariantCulture, $"{queue}.g{gpus}");

    /// <summary>
    /// Fits a trace to a configuration. A job goes to the smallest queue of its name and size that suffices (<see cref="Sized"/>), else to the queue of its name. A worker of a queue takes any of its tasks, so a job must fit each offer of its queue's pools; an instance's GPUs are divided evenly
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
        var sizes = Sizes(least.Keys);
        List<TraceJob> fitting = new(trace.Jobs.Count);
        List<Misfit> misfits = [];
        SortedDictionary<string, int> strangers = new(StringComparer.Ordinal);
        for (var i = 0; i < trace.Jobs.Count; i++)
        {
            var job = trace.Jobs[i];
            var isDeclared = least.ContainsKey(job.Queue) || sizes.ContainsKey(job.Queue);
            var queue = queueMap?.GetValueOrDefault(job.Queue) ?? (isDeclared ? null : queueMap?.GetValueOrDefault(AllOthers)) ?? job.Queue;
            if (sizes.TryGetValue(queue, out var sized))
            {
                var size = sized.FirstOrDefault(s => s >= (job.Gpus ?? 1), -1);
                if (size < 0 && !least.ContainsKey(queue))
                {
                    misfits.Add(new Misfit(i + 1, job, string.Create(CultureInfo.InvariantCulture, $"needs {job.Gpus ?? 1} GPUs, and the largest queue for it is {Sized(queue, sized[^1])}")));
                    continue;
                }

                queue = size < 0 ? queue : Sized(queue, size);
            }

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

    /// <summary>The sizes that are declared of each queue, ascending.</summary>
    private static Dictionary<string, int[]> Sizes(IEnumerable<string> queues) => queues
        .Select(q => (Queue: q, At: q.LastIndexOf(".g", StringComparison.Ordinal)))
        .Where(q => q.At > 0)
        .Select(q => (Base: q.Queue[..q.At], Size: int.TryParse(q.Queue.AsSpan(q.At + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : -1))
        .Where(q => q.Size >= 0)
        .GroupBy(q => q.Base, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.Select(q => q.Size).Order().ToArray(), StringComparer.Ordinal);
}
