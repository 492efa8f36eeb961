using System.Globalization;
using System.Text.RegularExpressions;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl.Wire;

namespace ControlPlane.Providers.ClearMl;

/// <summary>
/// Puts the tasks of a lost machine back to the front of their queue. ClearML has no one call for that, so a note in the task's comment, written first, says
/// how far it has come: whatever breaks on the way, the next try goes on from there, and a task that was put back is not put back again.
/// </summary>
internal sealed class ClearMlRequeue(string source, ClearMlClient client, TimeProvider time)
{
    /// <summary>How often a task goes back where the queue's rules set no limit.</summary>
    public const int MostRequeues = 3;

    private const int RowsAtOnce = 100;

    /// <summary>A worker that has reported within it lives.</summary>
    private static readonly TimeSpan Alive = TimeSpan.FromMinutes(3);

    private static readonly string[] Fields = ["id", "status", "last_worker", "last_worker_report", "comment", "started", "status_changed", "execution.queue"];

    public async Task<RequeueResult> RequeueAsync(InstanceWorkers workers, RequeueRules rules, string reason, CancellationToken cancel)
    {
        var begun = await FindAsync(["created", "queued"], "comment", RequeueNote.PatternOfBegun(workers), cancel);
        var left = await FindAsync(["in_progress", "queued"], "last_worker", workers.Pattern, cancel);
        var lost = left.Where(t => workers.Include(t.LastWorker) && begun.All(b => b.Id != t.Id)).ToList();
        List<string> requeued = [];
        List<string> givenUp = [];
        if (lost.Count > 0)
        {
            var elsewhere = await RunningElsewhereAsync(workers, cancel);
            foreach (var task in lost.Where(t => !elsewhere.Any(w => w.Task!.Id == t.Id && !(w.LastReportTime < t.LastWorkerReport))).OrderByDescending(t => t.Started))
            {
                // One that waits in its queue is not lost: somebody else has put it back.
                if (task.Status == "queued" && await WaitsAsync(task, cancel))
                    continue;
                if (await BeginAsync(task, workers, rules, reason, givenUp, cancel))
                    requeued.Add(task.Id!);
            }
        }

        foreach (var task in begun)
        {
            await FinishAsync(task, workers, cancel);
            requeued.Add(task.Id!);
        }

        return requeued.Count + givenUp.Count == 0 ? RequeueResult.Nothing : new RequeueResult(requeued, givenUp);
    }

    /// <summary>False if the task was failed instead, or has moved on by itself.</summary>
    private async Task<bool> BeginAsync(TaskRow seen, InstanceWorkers workers, RequeueRules rules, string reason, List<string> givenUp, CancellationToken cancel)
    {
        // Read again: the rows may be as old as the requests since.
        var now = await ReadAsync(seen.Id!, cancel);
        if (now is null || now.Status != seen.Status || now.LastWorker != seen.LastWorker)
            return false;
        var ran = now.Started is { } started ? time.GetUtcNow() + client.Skew - started : (TimeSpan?)null;
        var before = RequeueNote.Count(now.Comment);
        var comment = now.Comment;
        if (RequeueNote.Find(comment, workers) is null)
        {
            var queue = now.Execution?.Queue;
            var refusal = rules.Refusal(before, ran, MostRequeues) ?? (string.IsNullOrEmpty(queue) ? "It does not say which queue it came from." : null);
            if (refusal is not null)
            {
                await FailAsync(now, $"{reason} {refusal}", cancel);
                givenUp.Add(now.Id!);
                return false;
            }

            comment = RequeueNote.Begin(comment, workers, queue!, before + 1, time.GetUtcNow(), reason);
            await CallAsync("tasks.update", new TaskCommentRequest(now.Id!, comment), SourceJson.Default.TaskCommentRequest, cancel);
        }

        var version = await client.VersionAsync(cancel);
        var reset = new TaskResetRequest
        {
            Task = now.Id!,
            StatusReason = "Requeued by ControlPlane",
            StatusMessage = reason,
            DeleteOutputModels = false,
            DeleteExternalArtifacts = version >= new ClearMlVersion(2, 21) ? false : null,

            // From queued, and with models that are published, only by force.
            Force = true,
        };
        await CallAsync("tasks.reset", reset, SourceJson.Default.TaskResetRequest, cancel);
        await FinishAsync(now with { Status = "created", Comment = comment }, workers, cancel);
        return true;
    }

    /// <summary>From the note on: into the queue, to its front, and the note says that it is done.</summary>
    private async Task FinishAsync(TaskRow task, InstanceWorkers workers, CancellationToken cancel)
    {
        var id = task.Id!;
        if (RequeueNote.Find(task.Comment, workers) is not { } note)
            return;
        if (task.Status == "created")
        {
            var enqueue = new TaskStatusRequest { Task = id, Queue = note.Queue, StatusReason = "Requeued by ControlPlane", StatusMessage = note.Reason };
            await CallAsync("tasks.enqueue", enqueue, SourceJson.Default.TaskStatusRequest, cancel);
        }

        try
        {
            await CallAsync("queues.move_task_to_front", new QueueTaskRequest { Queue = note.Queue, Task = id }, SourceJson.Default.QueueTaskRequest, cancel);
        }
        catch (ClearMlFault fault) when (fault.Code == 400)
        {
            // A worker was faster and has it already.
        }

        await CallAsync("tasks.update", new TaskCommentRequest(id, RequeueNote.Finish(task.Comment, workers)), SourceJson.Default.TaskCommentRequest, cancel);
        ClearMlMetrics.Returned(source, "requeued");
    }

    private async Task FailAsync(TaskRow task, string why, CancellationToken cancel)
    {
        var fail = new TaskStatusRequest { Task = task.Id!, Force = task.Status == "in_progress" ? null : true, StatusReason = "Failed by ControlPlane", StatusMessage = why };
        await CallAsync("tasks.failed", fail, SourceJson.Default.TaskStatusRequest, cancel);
        ClearMlMetrics.Returned(source, "failed");
    }

    private async Task<IReadOnlyList<TaskRow>> FindAsync(string[] status, string field, string pattern, CancellationToken cancel)
    {
        var request = new TaskPageRequest
        {
            Status = status,
            All = new FieldPattern(pattern, [field]),
            OnlyFields = Fields,
            Page = 0,
            PageSize = RowsAtOnce,
            SearchHidden = await client.VersionAsync(cancel) >= new ClearMlVersion(2, 14) ? true : null,
        };
        var answer = await client.CallAsync("tasks.get_all", request, SourceJson.Default.TaskPageRequest, SourceJson.Default.TaskPage, cancel);
        return [.. (answer.Tasks ?? throw new SourceException("The answer of ClearML to tasks.get_all holds no list of tasks.")).Where(t => t.Id is not null)];
    }

    private async Task<TaskRow?> ReadAsync(string id, CancellationToken cancel)
    {
        var request = new TaskPageRequest { Id = [id], OnlyFields = Fields, Page = 0, PageSize = 1, SearchHidden = await client.VersionAsync(cancel) >= new ClearMlVersion(2, 14) ? true : null };
        return (await client.CallAsync("tasks.get_all", request, SourceJson.Default.TaskPageRequest, SourceJson.Default.TaskPage, cancel)).Tasks?.FirstOrDefault(t => t.Id == id);
    }

    /// <summary>
    /// Workers of other machines that have a task, and were heard lately. Such a registration may itself be that of a machine that died: if the task was heard of
    /// after it, it is.
    /// </summary>
    private async Task<IReadOnlyList<WorkerRow>> RunningElsewhereAsync(InstanceWorkers workers, CancellationToken cancel)
    {
        var answer = await client.CallAsync("workers.get_all", new WorkersGetAllRequest { LastSeen = 0 }, SourceJson.Default.WorkersGetAllRequest, SourceJson.Default.WorkerList, cancel);
        var since = time.GetUtcNow() + client.Skew - Alive;
        return [.. (answer.Workers ?? []).Where(w => w.Task?.Id is not null && !workers.Include(w.Id) && w.LastReportTime >= since)];
    }

    private async Task<bool> WaitsAsync(TaskRow task, CancellationToken cancel)
    {
        if (task.Execution?.Queue is not { Length: > 0 } queue)
            return false;
        var request = new QueuePageRequest { Id = [queue], OnlyFields = ["id", "name", "entries.task"], Page = 0, PageSize = 1 };
        var answer = await client.CallAsync("queues.get_all", request, SourceJson.Default.QueuePageRequest, SourceJson.Default.QueuePage, cancel);
        return answer.Queues is [{ Entries: { } entries }, ..] && entries.Any(e => e.Task == task.Id);
    }

    private Task<ClearMlNothing> CallAsync<T>(string call, T request, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancel) =>
        client.CallAsync(call, request, type, SourceJson.Default.ClearMlNothing, cancel);
}

/// <summary>The note in a task's comment: one line for each time that the task was put back, and for which machine.</summary>
internal static partial class RequeueNote
{
    private const string Begun = "[ControlPlane] requeueing";
    private const string Done = "[ControlPlane] requeued";

    /// <summary>Finds comments with a note that was begun for this machine and not finished.</summary>
    public static string PatternOfBegun(InstanceWorkers workers) => $"{Regex.Escape(Begun)} {Regex.Escape(workers.Machine.Instance.Value)} ";

    /// <summary>How often the task was put back.</summary>
    public static int Count(string? comment) => Lines(comment).Count(l => l.StartsWith(Begun, StringComparison.Ordinal) || l.StartsWith(Done, StringComparison.Ordinal));

    /// <summary>The comment with a note more.</summary>
    public static string Begin(string? comment, InstanceWorkers workers, string queue, int count, DateTimeOffset now, string reason)
    {
        var line = string.Create(
            CultureInfo.InvariantCulture, $"{Begun} {workers.Machine.Instance} queue {queue} ({count}.) at {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}: {reason.ReplaceLineEndings(" ")}");
        return string.IsNullOrEmpty(comment) ? line : $"{comment}\n{line}";
    }

    /// <summary>The queue and the reason of a begun note; null if there is none.</summary>
    public static (string Queue, string Reason)? Find(string? comment, InstanceWorkers workers)
    {
        var begin = $"{Begun} {workers.Machine.Instance} ";
        var line = Lines(comment).FirstOrDefault(l => l.StartsWith(begin, StringComparison.Ordinal));
        return line is not null && Form().Match(line) is { Success: true } match ? (match.Groups["queue"].Value, match.Groups["reason"].Value) : null;
    }

    /// <summary>The comment with the note finished.</summary>
    public static string Finish(string? comment, InstanceWorkers workers) =>
        (comment ?? "").Replace($"{Begun} {workers.Machine.Instance} ", $"{Done} {workers.Machine.Instance} ", StringComparison.Ordinal);

    private static string[] Lines(string? comment) => (comment ?? "").Split('\n');

    [GeneratedRegex(@" queue (?<queue>\S+) \(\d+\.\) at \S+: (?<reason>.*)$")]
    private static partial Regex Form();
}
