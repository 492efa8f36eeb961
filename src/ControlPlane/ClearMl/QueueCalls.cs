using System.Text.RegularExpressions;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.ClearMl.Wire;
using ControlPlane.Providers.Embedded;

namespace ControlPlane.ClearMl;

/// <summary><c>queues.*</c></summary>
internal static class QueueCalls
{
    /// <summary>The most rows of one answer, as on a stock server.</summary>
    public const int MaxPage = 500;

    private const int MaxNameLength = 200;

    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    public static async Task<ClearMlAnswer> GetAllAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.QueuesGetAllRequest);
        var (queues, entries) = await ReadAsync(call, request);
        return ClearMlAnswer.Of(new QueuesGetAllResponse([.. queues.Select(queue => Queue(queue, Entries(entries, queue, request.MaxTaskEntries)))]), WireJson.Default.QueuesGetAllResponse);
    }

    public static async Task<ClearMlAnswer> GetAllExAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.QueuesGetAllRequest);
        var (queues, entries) = await ReadAsync(call, request);
        var workers = Wants(request, "workers") ? await call.Queue.WorkersAsync(call.Cancel) : null;
        var found = queues.Select(queue => new WireQueueEx
        {
            Id = queue.Id,
            Name = queue.Name.Value,
            Created = queue.CreatedAt,
            Entries = Entries(entries, queue, request.MaxTaskEntries)?.Select(entry => new WireQueueEntryEx(new WireIdName(entry.Task, entry.TaskName), entry.EnqueuedAt)).ToList(),
            Workers = workers?.Where(worker => worker.QueueIds.Contains(queue.Id))
                .Select(worker => new WireQueueWorker(worker.Name, worker.Ip, worker.Tasks.Count == 0 ? null : new WireIdName(worker.Tasks[0].Id, worker.Tasks[0].Name))).ToList(),
        });
        return ClearMlAnswer.Of(new QueuesGetAllExResponse([.. found]), WireJson.Default.QueuesGetAllExResponse);
    }

    public static async Task<ClearMlAnswer> GetByIdAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.QueueRequest);
        var queue = await FindAsync(call, request.Queue);
        var entries = await call.Queue.EntriesAsync([queue.Id], call.Cancel);
        return ClearMlAnswer.Of(new QueueResponse(Queue(queue, request.MaxTaskEntries is { } most ? entries.Take(most) : entries)), WireJson.Default.QueueResponse);
    }

    public static async Task<ClearMlAnswer> GetNumEntriesAsync(ClearMlCall call)
    {
        var queue = await FindAsync(call, call.Read(WireJson.Default.QueueRequest).Queue);
        return ClearMlAnswer.Of(new QueueNumEntriesResponse((await call.Queue.EntriesAsync([queue.Id], call.Cancel)).Count), WireJson.Default.QueueNumEntriesResponse);
    }

    public static async Task<ClearMlAnswer> CreateAsync(ClearMlCall call)
    {
        var name = ClearMlCall.Require(call.Read(WireJson.Default.QueueCreateRequest).Name, "name");
        CheckName(name);
        return await call.Queue.CreateQueueAsync(new QueueName(name), call.Cancel) is { } created
            ? ClearMlAnswer.Of(new IdResponse(created.Id), WireJson.Default.IdResponse)
            : ClearMlAnswer.Refuse(ClearMlError.ExpectedUniqueData, $"name: a queue named '{name}' exists already.");
    }

    public static async Task<ClearMlAnswer> GetNextTaskAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.QueueRequest);
        var id = ClearMlCall.Require(request.Queue, "queue");
        var claim = await call.Queue.ClaimAsync(id, call.Worker(request.Worker), call.Ip, call.Cancel);
        if (claim.UnknownQueue) throw UnknownQueue(id);
        var entry = claim.Task is { } task ? new WireQueueEntry(task.Id, task.EnqueuedAt ?? task.CreatedAt) : null;
        return ClearMlAnswer.Of(new QueueNextTaskResponse(entry), WireJson.Default.QueueNextTaskResponse);
    }

    public static async Task<ClearMlAnswer> PeekTaskAsync(ClearMlCall call)
    {
        var queue = await FindAsync(call, call.Read(WireJson.Default.QueueRequest).Queue);
        var entries = await call.Queue.EntriesAsync([queue.Id], call.Cancel);
        return ClearMlAnswer.Of(new QueuePeekTaskResponse(entries.Count == 0 ? null : entries[0].Task), WireJson.Default.QueuePeekTaskResponse);
    }

    public static async Task<ClearMlAnswer> AddTaskAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.QueueTaskRequest);
        var queue = await FindAsync(call, request.Queue);
        TaskCalls.Accepted(await call.Queue.EnqueueAsync(ClearMlCall.Require(request.Task, "task"), queue.Id, call.Cancel));
        return ClearMlAnswer.Of(new QueueAddTaskResponse(1), WireJson.Default.QueueAddTaskResponse);
    }

    public static async Task<ClearMlAnswer> RemoveTaskAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.QueueTaskRequest);
        var queue = await FindAsync(call, request.Queue);
        TaskCalls.Accepted(await call.Queue.DequeueAsync(ClearMlCall.Require(request.Task, "task"), queue.Id, call.Cancel));
        return ClearMlAnswer.Of(new QueueRemoveTaskResponse(1), WireJson.Default.QueueRemoveTaskResponse);
    }

    public static async Task<ClearMlAnswer> MoveTaskToFrontAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.QueueTaskRequest);
        var queue = await FindAsync(call, request.Queue);
        TaskCalls.Accepted(await call.Queue.MoveToFrontAsync(ClearMlCall.Require(request.Task, "task"), queue.Id, call.Cancel));
        return ClearMlAnswer.Of(new QueuePositionResponse(0), WireJson.Default.QueuePositionResponse);
    }

    public static void CheckName(string name)
    {
        if (name.Length > MaxNameLength || name.Any(char.IsControl))
            throw new ClearMlException(ClearMlError.ValidationError, $"name: a queue's name has at most {MaxNameLength} printable characters.");
    }

    /// <summary>The range of rows that a request asks for.</summary>
    public static (int Skip, int Take) Page(int? page, int? pageSize, int? size, string? scrollId)
    {
        if (!string.IsNullOrEmpty(scrollId)) throw new ClearMlException(ClearMlError.InvalidScrollId, "scroll_id: the embedded queue has no scrolls; use page and page_size.");
        var take = pageSize ?? size ?? MaxPage;
        if (take < 1) throw new ClearMlException(ClearMlError.ValidationError, "page_size: must be at least 1.");
        take = Math.Min(take, MaxPage);
        return page is < 0 or > 1_000_000 ? throw new ClearMlException(ClearMlError.ValidationError, "page: must be 0 to 1000000.") : ((page ?? 0) * take, take);
    }

    private static async Task<EmbeddedQueueInfo> FindAsync(ClearMlCall call, string? id)
    {
        var wanted = ClearMlCall.Require(id, "queue");
        return (await call.Queue.QueuesAsync(call.Cancel)).FirstOrDefault(queue => queue.Id == wanted) ?? throw UnknownQueue(wanted);
    }

    private static async Task<(IReadOnlyList<EmbeddedQueueInfo> Queues, ILookup<string, QueueEntry>? Entries)> ReadAsync(ClearMlCall call, QueuesGetAllRequest request)
    {
        var patterns = request.Name?.Select(Pattern).ToList();
        var (skip, take) = Page(request.Page, request.PageSize, request.Size, request.ScrollId);
        var queues = (await call.Queue.QueuesAsync(call.Cancel))
            .Where(queue => (request.Id is null || request.Id.Contains(queue.Id)) && (patterns is null || patterns.Any(pattern => pattern.IsMatch(queue.Name.Value))))
            .Skip(skip).Take(take).ToList();
        if (!Wants(request, "entries")) return (queues, null);
        return (queues, (await call.Queue.EntriesAsync([.. queues.Select(queue => queue.Id)], call.Cancel)).ToLookup(entry => entry.Queue));
    }

    private static IEnumerable<QueueEntry>? Entries(ILookup<string, QueueEntry>? entries, EmbeddedQueueInfo queue, int? most) =>
        entries?[queue.Id].Take(most ?? int.MaxValue);

    private static WireQueue Queue(EmbeddedQueueInfo queue, IEnumerable<QueueEntry>? entries) => new()
    {
        Id = queue.Id,
        Name = queue.Name.Value,
        Created = queue.CreatedAt,
        Entries = entries?.Select(entry => new WireQueueEntry(entry.Task, entry.EnqueuedAt)).ToList(),
    };

    private static bool Wants(QueuesGetAllRequest request, string field) =>
        request.OnlyFields is not { Count: > 0 } fields || fields.Any(name => name == field || name.StartsWith(field + ".", StringComparison.Ordinal));

    public static Regex Pattern(string pattern)
    {
        try
        {
            // Without backtracking no pattern takes longer than the name is long.
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PatternTimeout);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw new ClearMlException(ClearMlError.InvalidRegex, $"name: '{pattern}' is no pattern that can be searched for: {error.Message}");
        }
    }

    private static ClearMlException UnknownQueue(string id) => new(ClearMlError.InvalidQueueId, $"Invalid queue id: there is no queue with id '{id}'.");
}
