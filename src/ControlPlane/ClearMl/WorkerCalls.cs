using ControlPlane.Providers.ClearMl.Wire;
using ControlPlane.Providers.Embedded;

namespace ControlPlane.ClearMl;

/// <summary><c>workers.*</c></summary>
internal static class WorkerCalls
{
    private const int DefaultLastSeenSeconds = 3_600;

    private const int MaxTimeoutSeconds = 86_400;

    public static async Task<ClearMlAnswer> RegisterAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.WorkerRegisterRequest);
        var worker = call.RequireWorker(request.Worker);
        if (request.Timeout is < 1 or > MaxTimeoutSeconds) throw new ClearMlException(ClearMlError.ValidationError, $"timeout: must be 1 to {MaxTimeoutSeconds} seconds.");
        var timeout = request.Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var unknown = await call.Queue.RegisterAsync(worker, request.Queues ?? [], timeout, call.Ip, call.Cancel);
        return unknown.Count == 0
            ? ClearMlAnswer.Nothing
            : ClearMlAnswer.Refuse(ClearMlError.InvalidQueueId, $"Invalid queue id: there is no queue with id {string.Join(", ", unknown.Select(id => $"'{id}'"))}.");
    }

    public static async Task<ClearMlAnswer> UnregisterAsync(ClearMlCall call)
    {
        var worker = call.RequireWorker(call.Read(WireJson.Default.WorkerRegisterRequest).Worker);
        return await call.Queue.UnregisterAsync(worker, call.Cancel)
            ? ClearMlAnswer.Nothing
            : ClearMlAnswer.Refuse(ClearMlError.WorkerNotRegistered, $"Worker '{worker}' is not registered.");
    }

    public static async Task<ClearMlAnswer> StatusReportAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.WorkerStatusReportRequest);
        var worker = call.RequireWorker(request.Worker);
        var task = string.IsNullOrEmpty(request.Task) ? null : request.Task;
        var report = await call.Queue.ReportAsync(worker, request.Queues is { Count: > 0 } queues ? queues : null, task, call.Ip, call.Cancel);
        return report.UnknownTask
            ? ClearMlAnswer.Refuse(ClearMlError.InvalidTaskId, $"Invalid task id: there is no task with id '{task}'.")
            : ClearMlAnswer.Of(new WorkerStatusReportResponse { Draining = report.Draining, Cancelled = report.TaskTaken }, WireJson.Default.WorkerStatusReportResponse);
    }

    public static async Task<ClearMlAnswer> GetAllAsync(ClearMlCall call)
    {
        var seconds = call.Read(WireJson.Default.WorkersGetAllRequest).LastSeen ?? DefaultLastSeenSeconds;
        var now = call.Now;
        var names = (await call.Queue.QueuesAsync(call.Cancel)).ToDictionary(queue => queue.Id, queue => queue.Name.Value);
        var workers = (await call.Queue.WorkersAsync(call.Cancel)).Where(worker => seconds <= 0 || worker.LastReportAt >= now.AddSeconds(-seconds));
        return ClearMlAnswer.Of(new WorkersGetAllResponse([.. workers.Select(worker => Worker(worker, names, now))]), WireJson.Default.WorkersGetAllResponse);
    }

    private static WireWorker Worker(QueueWorker worker, Dictionary<string, string> names, DateTimeOffset now)
    {
        var task = worker.Tasks.Count == 0 ? null : worker.Tasks[0];
        return new WireWorker
        {
            Id = worker.Name,
            Ip = worker.Ip,
            RegisterTime = worker.RegisteredAt,
            LastActivityTime = worker.LastActivityAt ?? worker.RegisteredAt,
            LastReportTime = worker.LastReportAt,
            Task = task is null ? null : new WireWorkerTask(task.Id, task.Name, (long)(now - task.ClaimedAt).TotalMilliseconds),
            Queue = task?.QueueId is { } queue ? new WireIdName(queue, names.GetValueOrDefault(queue, "")) : null,
            Queues = [.. worker.QueueIds.Select(id => new WireIdName(id, names.GetValueOrDefault(id, "")))],
            Draining = worker.Draining,
        };
    }
}
