using System.Globalization;
using System.Text.Json;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.ClearMl.Wire;
using ControlPlane.Providers.Embedded;
using ControlPlane.Tasks;

namespace ControlPlane.ClearMl;

/// <summary><c>tasks.*</c></summary>
internal static class TaskCalls
{
    private static readonly (QueueTaskState State, string Status)[] Statuses =
    [
        (QueueTaskState.Created, "created"),
        (QueueTaskState.Queued, "queued"),
        (QueueTaskState.Running, "in_progress"),
        (QueueTaskState.Succeeded, "completed"),
        (QueueTaskState.Failed, "failed"),
        (QueueTaskState.Cancelled, "stopped"),
    ];

    private const int MaxComment = 64 * 1024;

    /// <summary>The most tasks that are searched through: the newest.</summary>
    private const int MostSearched = 100_000;

    private static readonly Dictionary<string, Func<QueueTask, string?>> Searchable = new()
    {
        ["last_worker"] = t => t.Worker,
        ["comment"] = t => t.Comment,
        ["name"] = t => t.Name,
        ["id"] = t => t.Id,
    };

    public static async Task<ClearMlAnswer> CreateAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.TaskCreateRequest);
        var command = Command(request);
        var errors = new Dictionary<string, string[]>();
        var task = TaskRules.Check(
            new TaskSubmission
            {
                Name = ClearMlCall.Require(request.Name, "name"),
                Command = command?.Command,
                Shell = command?.Shell,
                Environment = command?.Environment,
                Priority = command?.Priority,
                MaxAttempts = command?.MaxAttempts,
            },
            $"configuration.{WireCommand.Item}.",
            draft: true,
            errors);
        if (errors.Count > 0) throw new ClearMlException(ClearMlError.ValidationError, string.Join(' ', errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value)}")));

        // Kept as it came: the queue runs only its own part, a stock agent may know what to do with the rest. Without a script there is nothing to run.
        var rest = request with { Configuration = request.Configuration?.Where(item => item.Key != WireCommand.Item).ToDictionary() };
        var document = command is not null || request.Script is not null ? JsonSerializer.Serialize(rest, WireJson.Default.TaskCreateRequest) : null;
        var submission = await call.Queue.SubmitAsync([task with { Document = document }], null, "", call.Cancel);
        return ClearMlAnswer.Of(new IdResponse(submission.Tasks[0].Id), WireJson.Default.IdResponse);
    }

    public static async Task<ClearMlAnswer> GetByIdAsync(ClearMlCall call)
    {
        var id = ClearMlCall.Require(call.Read(WireJson.Default.TaskRequest).Task, "task");
        var task = await call.Queue.TaskAsync(id, call.Cancel) ?? throw UnknownTask(id);
        return ClearMlAnswer.Of(new TaskResponse(Task(task)), WireJson.Default.TaskResponse);
    }

    public static async Task<ClearMlAnswer> GetAllAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.TasksGetAllRequest);
        var (skip, take) = QueueCalls.Page(request.Page, request.PageSize, request.Size, request.ScrollId);
        var filter = new TaskFilter { Ids = request.Id, States = request.Status?.Select(State).OfType<QueueTaskState>().ToList(), Skip = skip, Limit = take };
        var tasks = request.All is null && request.StatusChanged is null
            ? await call.Queue.TasksAsync(filter, call.Cancel)
            : [.. (await MatchingAsync(call, request, filter)).Skip(skip).Take(take)];
        return ClearMlAnswer.Of(new TasksGetAllResponse([.. tasks.Select(Task)]), WireJson.Default.TasksGetAllResponse);
    }

    public static async Task<ClearMlAnswer> UpdateAsync(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.TaskEditRequest);
        var id = ClearMlCall.Require(request.Task, "task");
        if (request.Comment is null) throw new ClearMlException(ClearMlError.ValidationError, "comment: only a task's comment can be changed.");
        if (request.Comment.Length > MaxComment) throw new ClearMlException(ClearMlError.ValidationError, $"comment: at most {MaxComment} characters.");
        return Updated(Accepted(await call.Queue.CommentAsync(id, request.Comment, call.Cancel)), new TaskUpdateResponse());
    }

    public static async Task<ClearMlAnswer> EnqueueAsync(ClearMlCall call)
    {
        var (request, id) = Read(call);
        if (request.Queue is not null && request.QueueName is not null) throw new ClearMlException(ClearMlError.ValidationError, "queue, queue_name: give one of them.");
        var queue = string.IsNullOrEmpty(request.QueueName) ? request.Queue : await QueueNamedAsync(call, request.QueueName);
        var change = Accepted(await call.Queue.EnqueueAsync(id, queue, call.Cancel));
        return Updated(change, new TaskUpdateResponse { Queued = 1 });
    }

    public static async Task<ClearMlAnswer> DequeueAsync(ClearMlCall call)
    {
        var (_, id) = Read(call);
        return Updated(Accepted(await call.Queue.DequeueAsync(id, null, call.Cancel)), new TaskUpdateResponse { Dequeued = 1 });
    }

    public static async Task<ClearMlAnswer> StartedAsync(ClearMlCall call)
    {
        var (request, id) = Read(call);
        var change = Accepted(await call.Queue.StartedAsync(id, Speaker(call, request), call.Cancel));
        return Updated(change, new TaskUpdateResponse { Started = 1 });
    }

    public static async Task<ClearMlAnswer> PingAsync(ClearMlCall call)
    {
        var (request, id) = Read(call);
        var yours = await call.Queue.PingAsync(id, Speaker(call, request), call.Cancel) ?? throw UnknownTask(id);
        return ClearMlAnswer.Of(new TaskPingResponse { Cancelled = !yours }, WireJson.Default.TaskPingResponse);
    }

    public static async Task<ClearMlAnswer> EndAsync(ClearMlCall call, QueueTaskState state)
    {
        var (request, id) = Read(call);
        var change = await call.Queue.EndAsync(id, Speaker(call, request), state, request.ExitCode, request.StatusReason, request.StatusMessage, call.Cancel);
        return Updated(Accepted(change), new TaskUpdateResponse());
    }

    public static async Task<ClearMlAnswer> StopAsync(ClearMlCall call)
    {
        var (request, id) = Read(call);
        return Updated(Accepted(await call.Queue.CancelAsync(id, request.StatusReason ?? "Stopped by a client.", call.Cancel)), new TaskUpdateResponse());
    }

    public static async Task<ClearMlAnswer> ResetAsync(ClearMlCall call)
    {
        var (request, id) = Read(call);
        return Updated(Accepted(await call.Queue.ResetAsync(id, request.Force, call.Cancel)), new TaskUpdateResponse());
    }

    /// <summary>The one place where a refusal of the queue becomes an error of ClearML's.</summary>
    /// <exception cref="ClearMlException">The change was refused.</exception>
    public static TaskChange Accepted(TaskChange change)
    {
        if (change.Fault is not { } fault) return change;
        throw fault switch
        {
            QueueFault.UnknownTask => new ClearMlException(ClearMlError.InvalidTaskId, $"Invalid task id: {change.Message}"),
            QueueFault.UnknownQueue => new ClearMlException(ClearMlError.InvalidQueueId, $"Invalid queue id: {change.Message}"),
            QueueFault.WrongState or QueueFault.NotYours => new ClearMlException(ClearMlError.InvalidTaskStatus, $"Invalid task status: {change.Message}"),
            QueueFault.AlreadyQueued => new ClearMlException(ClearMlError.TaskAlreadyQueued, change.Message),
            QueueFault.NotQueued => new ClearMlException(ClearMlError.TaskNotQueued, change.Message),
            QueueFault.NothingToRun => new ClearMlException(ClearMlError.MissingTaskFields, change.Message),
        };
    }

    /// <summary>What SQL cannot tell is told here: the patterns are regular expressions.</summary>
    private static async Task<IEnumerable<QueueTask>> MatchingAsync(ClearMlCall call, TasksGetAllRequest request, TaskFilter filter)
    {
        var since = request.StatusChanged?.Select(Since).Max();
        var fields = request.All?.Fields ?? [];
        if (fields.FirstOrDefault(f => !Searchable.ContainsKey(f)) is { } unknown)
            throw new ClearMlException(ClearMlError.ValidationError, $"_all_.fields: '{unknown}' cannot be searched; there are {string.Join(", ", Searchable.Keys)}.");
        var pattern = request.All is { } all ? QueueCalls.Pattern(ClearMlCall.Require(all.Pattern, "_all_.pattern")) : null;
        var rows = await call.Queue.TasksAsync(
            filter with { Skip = 0, Limit = MostSearched, WithWorker = fields.Contains("last_worker"), WithComment = fields.Contains("comment"), HeardSince = since },
            call.Cancel);
        return rows.Where(t => (since is null || t.ChangedAt >= since) && (pattern is null || fields.All(f => pattern.IsMatch(Searchable[f](t) ?? ""))))
            .OrderByDescending(t => t.ChangedAt);
    }

    private static DateTimeOffset Since(string condition) =>
        DateTimeOffset.TryParse(condition.TrimStart('>', '='), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && condition.StartsWith('>')
            ? time
            : throw new ClearMlException(ClearMlError.ValidationError, $"status_changed: '{condition}' is not understood; write a time with >= before it.");

    private static (TaskRequest Request, string Id) Read(ClearMlCall call)
    {
        var request = call.Read(WireJson.Default.TaskRequest);
        return (request, ClearMlCall.Require(request.Task, "task"));
    }

    private static TaskSpeaker Speaker(ClearMlCall call, TaskRequest request) => new(call.Worker(request.Worker), request.Attempt);

    private static ClearMlAnswer Updated(TaskChange change, TaskUpdateResponse answer)
    {
        var fields = change.Task is { } task ? new WireTaskFields(Status(task.State), task.Reason) : null;
        return ClearMlAnswer.Of(answer with { Updated = change.Changed ? 1 : 0, Fields = fields }, WireJson.Default.TaskUpdateResponse);
    }

    private static async Task<string> QueueNamedAsync(ClearMlCall call, string name)
    {
        QueueCalls.CheckName(name);
        var queue = new QueueName(name);
        await call.Queue.EnsureQueuesAsync([queue], call.Cancel);
        return (await call.Queue.QueuesAsync(call.Cancel)).Single(found => found.Name == queue).Id;
    }

    private static WireCommand? Command(TaskCreateRequest request)
    {
        if (request.Configuration?.GetValueOrDefault(WireCommand.Item)?.Value is not { } value) return null;
        try
        {
            return JsonSerializer.Deserialize(value, WireJson.Default.WireCommand);
        }
        catch (JsonException error)
        {
            throw new ClearMlException(ClearMlError.ValidationError, $"configuration.{WireCommand.Item}.value: cannot be read at {error.Path}: {error.Message}");
        }
    }

    private static WireTask Task(QueueTask task)
    {
        var rest = task.Document is null ? null : JsonSerializer.Deserialize(task.Document, WireJson.Default.TaskCreateRequest);
        var configuration = rest?.Configuration?.ToDictionary() ?? [];
        if (task.Command.Count > 0)
        {
            var command = new WireCommand { Command = task.Command, Environment = task.Environment, Priority = task.Priority, Attempt = task.Attempt, MaxAttempts = task.MaxAttempts };
            configuration[WireCommand.Item] = new WireConfigurationItem { Name = WireCommand.Item, Type = "json", Value = JsonSerializer.Serialize(command, WireJson.Default.WireCommand) };
        }

        return new WireTask
        {
            Id = task.Id,
            Name = task.Name,
            Type = rest?.Type ?? "custom",
            Status = Status(task.State),
            StatusReason = task.Reason,
            StatusMessage = task.Message,
            LastWorker = task.Worker,
            Created = task.CreatedAt,
            StatusChanged = task.ChangedAt,
            Started = task.StartedAt,
            Completed = task.EndedAt,
            Execution = new WireExecution(task.QueueId),
            Configuration = configuration,
            Hyperparams = rest?.Hyperparams,
            Script = rest?.Script,
            Container = rest?.Container,
            Tags = rest?.Tags,
            Comment = task.Comment ?? rest?.Comment,
            Project = rest?.Project,
        };
    }

    private static string Status(QueueTaskState state) => Statuses.Single(pair => pair.State == state).Status;

    /// <summary>Null for a status that tasks of ours never have.</summary>
    private static QueueTaskState? State(string status) => status switch
    {
        "closed" or "published" or "publishing" or "unknown" => null,
        _ => Statuses.FirstOrDefault(pair => pair.Status == status) is { Status: not null } found
            ? found.State
            : throw new ClearMlException(ClearMlError.ValidationError, $"status: '{status}' is not known; there are {string.Join(", ", Statuses.Select(pair => pair.Status))}."),
    };

    private static ClearMlException UnknownTask(string id) => new(ClearMlError.InvalidTaskId, $"Invalid task id: there is no task with id '{id}'.");
}
