using System.ComponentModel;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ControlPlane.Audit;
using ControlPlane.Domain.Queues;
using ControlPlane.Http;
using ControlPlane.Providers.Embedded;
using ControlPlane.Security;
using Microsoft.AspNetCore.Mvc;

namespace ControlPlane.Tasks;

/// <summary>Submitting, listing, cancelling and reading the tasks of the embedded queue, under <c>/api/v1/tasks</c>.</summary>
public static class TaskEndpoints
{
    /// <summary>The largest request body, in bytes.</summary>
    public const int MaxBodyBytes = 1024 * 1024;

    private const string Path = "/api/v1/tasks";
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1_000;
    private const int MaxKey = 200;

    public static IEndpointConventionBuilder MapTasks(this IEndpointRouteBuilder endpoints)
    {
        var tasks = endpoints.MapGroup(Path).WithTags("Tasks").RequireAuthorization(Policies.Viewer).AddEndpointFilter(TellDatabaseFaultsAsync);
        tasks.MapPost("/", SubmitAsync).RequireAuthorization(Policies.Operator).WithMetadata(new NotAudited("Tasks are work, not changes of how it is done; the list of tasks is their record.")).WithSummary("Submit a task, or a batch of up to 1,000 under 'tasks', all or none")
            .Accepts<TaskSubmission>("application/json").Produces<TaskView>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        tasks.MapGet("/", ListAsync).WithSummary("Tasks, newest first").Produces<TaskPage>().ProducesProblem(StatusCodes.Status400BadRequest);
        tasks.MapGet("/{id}", GetAsync).WithSummary("One task and its attempts").Produces<TaskView>().ProducesProblem(StatusCodes.Status404NotFound);
        tasks.MapPost("/{id}/cancel", CancelAsync).RequireAuthorization(Policies.Operator).Audited("cancel", "task", "id").WithSummary("Cancel a task; a running command is ended by its worker within seconds")
            .Produces<TaskView>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        tasks.MapGet("/{id}/logs", TaskLogs.GetAsync).WithSummary("What the task wrote, attempt after attempt").Produces<string>(contentType: "text/plain")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        return tasks;
    }

    private static async Task<IResult> SubmitAsync(
        HttpRequest request,
        EmbeddedQueue queue,
        [FromServices] IDeclaredQueues? declared,
        [FromHeader(Name = "Idempotency-Key"), Description("Repeating a request with the same key makes nothing new.")] string? idempotencyKey,
        CancellationToken cancel)
    {
        if (idempotencyKey is not null && (idempotencyKey.Length is 0 or > MaxKey || idempotencyKey.Any(char.IsControl)))
            return Problems.Invalid("Idempotency-Key", $"Must be 1 to {MaxKey} printable characters.");
        if (await ReadBodyAsync(request, cancel) is not { } body) return Problems.TooLarge(MaxBodyBytes);

        var errors = new Dictionary<string, string[]>();
        var (tasks, isBatch) = Parse(body, errors);
        if (errors.Count > 0) return Problems.Invalid(errors);

        var digest = Convert.ToHexString(SHA256.HashData(body));
        NewTask[] submitted = [.. tasks.Select(task => task.Task)];
        var submission = await queue.SubmitAsync(submitted, idempotencyKey, digest, cancel);
        if (submission.UnknownQueues.Count > 0 && declared is not null && await declared.EnsureAsync(submission.UnknownQueues, cancel))
            submission = await queue.SubmitAsync(submitted, idempotencyKey, digest, cancel);
        if (submission.KeyReused)
            return Problems.Unprocessable("idempotency-key-reused", "The idempotency key was used before", $"The key '{idempotencyKey}' stands for a request with other contents. Choose a new key.");
        if (submission.UnknownQueues.Count > 0)
        {
            foreach (var (path, task) in tasks.Where(task => submission.UnknownQueues.Contains(task.Task.Queue)))
                errors[path + "queue"] = [$"There is no queue '{task.Queue}'. Declare it in the configuration, or name another."];
            return Problems.Invalid(errors);
        }

        var views = submission.Tasks.Select(task => TaskView.From(task)).ToList();
        return isBatch ? TypedResults.Created(Path, new TaskBatchView(views)) : TypedResults.Created($"{Path}/{views[0].Id}", views[0]);
    }

    private static async Task<IResult> ListAsync(
        EmbeddedQueue queue,
        [FromQuery(Name = "queue"), Description("Only this queue.")] string? queueName,
        [Description("Only these states, separated by commas.")] string? state,
        [Description("Only tasks whose current or last worker this is.")] string? worker,
        [Description("1 to 1,000; absent: 100.")] string? limit,
        [Description("The 'next' of the page before.")] string? after,
        CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        var states = States(state, errors);
        var count = DefaultLimit;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxLimit)) errors["limit"] = [$"Must be 1 to {MaxLimit}."];
        long before = 0;
        if (after is not null && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out before)) errors["after"] = ["Must be the 'next' of an earlier page."];
        if (errors.Count > 0) return Problems.Invalid(errors);

        var found = await queue.TasksAsync(
            new TaskFilter
            {
                Queue = queueName is null ? null : new QueueName(queueName),
                States = states,
                Workers = worker is null ? null : [worker],
                Before = after is null ? null : before,
                Limit = count + 1,
            },
            cancel);
        var page = found.Take(count).ToList();
        return TypedResults.Ok(new TaskPage([.. page.Select(task => TaskView.From(task))], found.Count > count ? page[^1].Sequence.ToString(CultureInfo.InvariantCulture) : null));
    }

    private static async Task<IResult> GetAsync(string id, EmbeddedQueue queue, CancellationToken cancel) =>
        await queue.TaskWithAttemptsAsync(id, cancel) is { } found ? TypedResults.Ok(TaskView.From(found.Task, found.Attempts)) : Problems.NotFound("task", id);

    private static async Task<IResult> CancelAsync(string id, EmbeddedQueue queue, CancellationToken cancel)
    {
        var change = await queue.CancelAsync(id, "Cancelled through the API.", cancel);
        if (change.Task is not { } task) return Problems.NotFound("task", id);
        return change.Fault is null ? TypedResults.Ok(TaskView.From(task)) : Problems.Conflict("task-ended", "The task has ended already", change.Message);
    }

    private static (IReadOnlyList<(string Path, NewTask Task)> Tasks, bool IsBatch) Parse(byte[] body, Dictionary<string, string[]> errors)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var (read, isBatch) = TaskReader.Read(document.RootElement, errors);
            return ([.. read.Select(task => (task.Path, TaskRules.Check(task.Task, task.Path, draft: false, errors)))], isBatch);
        }
        catch (JsonException error)
        {
            errors["$"] = [$"The body is no JSON: line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}."];
            return ([], false);
        }
        catch (InvalidOperationException)
        {
            // How JsonElement says that a text is half a surrogate pair.
            errors["$"] = ["The body holds a text that is no valid Unicode."];
            return ([], false);
        }
    }

    private static List<QueueTaskState>? States(string? text, Dictionary<string, string[]> errors)
    {
        if (text is null) return null;
        var states = new List<QueueTaskState>();
        foreach (var word in text.Split(','))
        {
            var known = Enum.GetValues<QueueTaskState>().Where(state => TaskView.NameOf(state) == word.Trim()).ToList();
            if (known.Count == 0) errors["state"] = [$"'{word}' is no state. There are {string.Join(", ", Enum.GetValues<QueueTaskState>().Select(TaskView.NameOf))}."];
            states.AddRange(known);
        }

        return states;
    }

    private static async Task<byte[]?> ReadBodyAsync(HttpRequest request, CancellationToken cancel)
    {
        if (request.ContentLength > MaxBodyBytes) return null;
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, cancel)) > 0;)
        {
            if (body.Length + read > MaxBodyBytes) return null;
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static async ValueTask<object?> TellDatabaseFaultsAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (DbException error)
        {
            context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(TaskEndpoints)).LogError(error, "A request for tasks failed in the database.");
            return Problems.Unavailable($"The task database failed: {error.Message}");
        }
    }
}
