using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl.Wire;

namespace ControlPlane.Providers.ClearMl;

/// <summary>
/// A ClearML server as a source to scale for. One look is one request for all workers, one for each page of queues, and one for the tasks that changed since
/// the last look. Looks do not overlap.
/// </summary>
public sealed class ClearMlSource : IQueueSource, IDisposable
{
    /// <summary>How long it is not believed that all declared queues are gone.</summary>
    private static readonly TimeSpan Disbelief = TimeSpan.FromMinutes(3);

    private readonly ClearMlSpec _spec;
    private readonly TimeProvider _time;
    private readonly ClearMlClient _client;
    private readonly ClearMlWorkers _workers;
    private readonly ClearMlQueues _queues;
    private readonly ClearMlActivity _activity;
    private readonly ClearMlRequeue _requeue;
    private readonly SemaphoreSlim _looking = new(1);

    private DateTimeOffset? _noneSince;

    /// <param name="name">The source's name, for metrics.</param>
    /// <param name="spec">How the server is reached.</param>
    /// <param name="secrets">Reads the credentials, anew for each login.</param>
    /// <param name="time">The clock.</param>
    public ClearMlSource(string name, ClearMlSpec spec, ISecretReader secrets, TimeProvider time)
    {
        _spec = spec;
        _time = time;
        _client = new ClearMlClient(name, spec, secrets, time);
        _workers = new ClearMlWorkers(_client, time);
        _queues = new ClearMlQueues(spec, _client);
        _activity = new ClearMlActivity(_client);
        _requeue = new ClearMlRequeue(name, _client, time);
    }

    public Task<IReadOnlyList<QueueObservation>> ObserveAsync(IReadOnlyCollection<QueueName> queues, CancellationToken cancel) => AskAsync(async () =>
    {
        await _looking.WaitAsync(cancel);
        try
        {
            return await LookAsync(queues, cancel);
        }
        finally
        {
            _looking.Release();
        }
    });

    /// <summary>ClearML has no such notion: a worker takes what its queue gives it until its machine ends.</summary>
    public Task<bool> StopFeedingAsync(QueueName queue, InstanceWorkers workers, CancellationToken cancel) => Task.FromResult(false);

    public Task<RequeueResult> RequeueAsync(QueueName queue, InstanceWorkers workers, RequeueRules rules, string reason, CancellationToken cancel) =>
        AskAsync(() => _requeue.RequeueAsync(workers, rules, reason, cancel));

    public void Dispose()
    {
        _client.Dispose();
        _looking.Dispose();
    }

    /// <summary>
    /// Workers first: a task that a worker takes between two requests is then missing for one look, and not counted twice, which would launch a machine for
    /// nothing. The tasks that changed come last and tell of it.
    /// </summary>
    private async Task<IReadOnlyList<QueueObservation>> LookAsync(IReadOnlyCollection<QueueName> wanted, CancellationToken cancel)
    {
        var asOf = _time.GetUtcNow();
        var workers = await _workers.ReadAsync(cancel);
        var rows = await _queues.ReadAsync(wanted, cancel);
        if (_spec.CreateMissingQueues)
        {
            foreach (var missing in wanted.Where(q => !rows.ContainsKey(q)))
                await _queues.CreateAsync(missing, cancel);
        }

        await _activity.ReadAsync(asOf, cancel);
        var skew = _client.Skew;
        var serving = new Dictionary<string, List<WorkerObservation>>(StringComparer.Ordinal);
        foreach (var worker in workers)
        {
            var observation = Observe(worker, asOf, skew);
            foreach (var queue in worker.Queues ?? [])
            {
                if (queue.Id is null)
                    continue;
                if (!serving.TryGetValue(queue.Id, out var list))
                    serving[queue.Id] = list = [];
                list.Add(observation);
            }
        }

        List<QueueObservation> observations = [.. Missing(wanted, rows, workers, asOf, skew)];
        foreach (var (name, row) in rows)
        {
            var oldest = row.Entries is { Count: > 0 } entries ? entries.Min(e => e.Added) : null;
            List<WorkerObservation> its = serving.GetValueOrDefault(row.Id!) ?? [];
            its.Sort(static (a, b) => string.CompareOrdinal(a.Worker, b.Worker));
            observations.Add(new QueueObservation(name, asOf, row.Entries?.Count ?? 0, oldest - skew, its));
        }

        return observations;
    }

    /// <summary>
    /// Queues that were deleted at the server, by machines whose workers serve none of the others: without them, machines of such a queue would never be seen idle,
    /// and would never end. Where no worker is seen, or all queues are gone at once, it may be another workspace: then a missing queue is unknown.
    /// </summary>
    private IEnumerable<QueueObservation> Missing(
        IReadOnlyCollection<QueueName> wanted, Dictionary<QueueName, QueueRow> rows, IReadOnlyList<WorkerRow> workers, DateTimeOffset asOf, TimeSpan skew)
    {
        _noneSince = rows.Count > 0 ? null : _noneSince ?? asOf;
        if (rows.Count == wanted.Count || workers.Count == 0 || _spec.CreateMissingQueues || asOf - _noneSince < Disbelief)
            return [];
        var ids = rows.Values.Select(r => r.Id!).ToHashSet(StringComparer.Ordinal);
        WorkerObservation[] orphans = [.. workers.Where(w => WorkerName.MachineOf(w.Id) is not null && (w.Queues ?? []).All(q => q.Id is null || !ids.Contains(q.Id)))
            .Select(w => Observe(w, asOf, skew)).OrderBy(w => w.Worker, StringComparer.Ordinal)];
        return orphans.Length == 0 ? [] : wanted.Where(q => !rows.ContainsKey(q)).Select(q => new QueueObservation(q, asOf, 0, null, orphans, Missing: true));
    }

    private WorkerObservation Observe(WorkerRow worker, DateTimeOffset asOf, TimeSpan skew)
    {
        var name = worker.Id!;
        var task = string.IsNullOrEmpty(worker.Task?.Id) ? null : worker.Task.Id;
        if (task is not null)
            _activity.Note(name, asOf);

        // A worker that has registered and not reported yet was heard when it registered.
        var seen = worker.LastReportTime ?? worker.LastActivityTime ?? worker.RegisterTime ?? DateTimeOffset.UnixEpoch;
        // While it has a task its activity moves with each look: that is no news, and would have every queue told of every look.
        return new WorkerObservation(
            name, WorkerName.InstanceOf(name), task is null ? [] : [task], seen - skew, task is null ? _activity.Of(name) : null, WorkerName.NativeIdOf(name));
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (ClearMlFault fault)
        {
            throw new SourceException(
                fault.Code is 401 or 403
                    ? $"ClearML at {_spec.Url} does not let these credentials do what is needed: {fault.Message}. docs/clearml.md lists the calls."
                    : $"ClearML at {_spec.Url} refused a call: {fault.Message}.",
                fault);
        }
    }
}
