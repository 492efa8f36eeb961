using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ControlPlane.Audit;
using ControlPlane.Providers.ClearMl.Wire;
using ControlPlane.Providers.Embedded;
using ControlPlane.Security;

namespace ControlPlane.ClearMl;

/// <summary>
/// The part of ClearML's API that workers and the SDK's queue calls need, answered by the embedded queue: <c>/{service}.{action}</c>, also under a
/// version such as <c>/v2.30/</c>. Every answer, errors included, is ClearML's envelope, and its result code is the HTTP status.
/// </summary>
public static class ClearMlEndpoints
{
    /// <summary>The newest version of the API whose calls we imitate.</summary>
    public const double ApiVersion = 2.30;

    /// <summary>The header by which a worker says who it is, in any call.</summary>
    public const string WorkerHeader = "X-ControlPlane-Worker";

    /// <summary>The largest request body, in bytes.</summary>
    public const int MaxBodyBytes = 1024 * 1024;

    // Only names of ClearML's services, so that a file such as /favicon.ico is none of ours.
    private const string Call = "{call:regex(^(auth|debug|events|login|models|organization|pipelines|projects|queues|reports|server|serving|storage|tasks|users|workers)\\.[a-z0-9_]+$)}";

    // Stock clients send a body with GET as often as with POST.
    private static readonly string[] Methods = ["POST", "GET"];

    private static readonly Dictionary<string, Func<ClearMlCall, Task<ClearMlAnswer>>> Calls = new()
    {
        ["auth.login"] = SessionCalls.LoginAsync,
        ["server.info"] = SessionCalls.InfoAsync,
        ["queues.get_all"] = QueueCalls.GetAllAsync,
        ["queues.get_all_ex"] = QueueCalls.GetAllExAsync,
        ["queues.get_by_id"] = QueueCalls.GetByIdAsync,
        ["queues.get_num_entries"] = QueueCalls.GetNumEntriesAsync,
        ["queues.create"] = QueueCalls.CreateAsync,
        ["queues.get_next_task"] = QueueCalls.GetNextTaskAsync,
        ["queues.peek_task"] = QueueCalls.PeekTaskAsync,
        ["queues.add_task"] = QueueCalls.AddTaskAsync,
        ["queues.remove_task"] = QueueCalls.RemoveTaskAsync,
        ["queues.move_task_to_front"] = QueueCalls.MoveTaskToFrontAsync,
        ["workers.register"] = WorkerCalls.RegisterAsync,
        ["workers.unregister"] = WorkerCalls.UnregisterAsync,
        ["workers.status_report"] = WorkerCalls.StatusReportAsync,
        ["workers.get_all"] = WorkerCalls.GetAllAsync,
        ["tasks.create"] = TaskCalls.CreateAsync,
        ["tasks.get_by_id"] = TaskCalls.GetByIdAsync,
        ["tasks.get_all"] = TaskCalls.GetAllAsync,
        ["tasks.update"] = TaskCalls.UpdateAsync,
        ["tasks.enqueue"] = TaskCalls.EnqueueAsync,
        ["tasks.dequeue"] = TaskCalls.DequeueAsync,
        ["tasks.started"] = TaskCalls.StartedAsync,
        ["tasks.ping"] = TaskCalls.PingAsync,
        ["tasks.completed"] = call => TaskCalls.EndAsync(call, QueueTaskState.Succeeded),
        ["tasks.failed"] = call => TaskCalls.EndAsync(call, QueueTaskState.Failed),
        ["tasks.stopped"] = call => TaskCalls.EndAsync(call, QueueTaskState.Cancelled),
        ["tasks.stop"] = TaskCalls.StopAsync,
        ["tasks.reset"] = TaskCalls.ResetAsync,
        ["events.add_batch"] = EventCalls.AddBatchAsync,
    };

    /// <summary>The calls that are answered.</summary>
    public static IReadOnlyCollection<string> CallNames => Calls.Keys;

    /// <summary>Maps the calls under a prefix; an empty one puts them at the root, where ClearML has them.</summary>
    public static IEndpointConventionBuilder MapClearMlApi(this IEndpointRouteBuilder endpoints, string prefix = "")
    {
        var group = endpoints.MapGroup(prefix);
        group.MapMethods($"/{Call}", Methods, AnswerAsync);
        group.MapMethods($"/{{version:regex(^v\\d{{{{1,2}}}}(\\.\\d{{{{1,3}}}})?$)}}/{Call}", Methods, AnswerAsync);
        return group.RequireAuthorization(Policies.Worker).WithMetadata(new RefusalFormat(RefuseAsync), new NotAudited("Workers report and submit; the list of tasks is their record."))
            .ExcludeFromDescription();
    }

    private static async Task AnswerAsync(HttpContext http)
    {
        var name = (string)http.Request.RouteValues["call"]!;
        await WriteAsync(http, name, await TryAnswerAsync(http, name));
    }

    /// <summary>Clients take 401 in an envelope as the end of their session, and log in again.</summary>
    private static Task RefuseAsync(HttpContext http, int status, string reason) => WriteAsync(
        http, (string)http.Request.RouteValues["call"]!, ClearMlAnswer.Refuse(status == StatusCodes.Status401Unauthorized ? ClearMlError.Unauthorized : ClearMlError.Forbidden, reason));

    private static async Task WriteAsync(HttpContext http, string name, ClearMlAnswer answer)
    {
        var id = Guid.NewGuid().ToString("N");
        var version = http.Request.RouteValues["version"] is string text ? double.Parse(text[1..], CultureInfo.InvariantCulture) : ApiVersion;
        var meta = new ClearMlMeta
        {
            Id = id,
            Trx = id,
            Endpoint = new ClearMlEndpointName(name, version, ApiVersion),
            ResultCode = answer.Error?.Code ?? StatusCodes.Status200OK,
            ResultSubcode = answer.Error?.Subcode ?? 0,
            ResultMsg = answer.Message,
        };
        http.Response.StatusCode = meta.ResultCode;
        http.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(http.Response.Body, new ClearMlEnvelope(meta, answer.Data), WireJson.Default.ClearMlEnvelope, http.RequestAborted);
    }

    private static async Task<ClearMlAnswer> TryAnswerAsync(HttpContext http, string name)
    {
        if (!Calls.TryGetValue(name, out var handle)) return ClearMlAnswer.Refuse(ClearMlError.BadRequest, $"Unsupported endpoint: {name} is not answered by the embedded queue.");
        try
        {
            if (await ReadBodyAsync(http.Request) is not { } body) return ClearMlAnswer.Refuse(ClearMlError.TooLarge, $"The body is larger than {MaxBodyBytes} bytes: send it in parts.");
            return await handle(new ClearMlCall(http, http.RequestServices.GetRequiredService<EmbeddedQueue>(), http.RequestServices.GetRequiredService<TimeProvider>(), body));
        }
        catch (ClearMlException refusal)
        {
            return ClearMlAnswer.Refuse(refusal.Error, refusal.Message);
        }
        catch (DbException error)
        {
            Log(http).LogError(error, "{Call} failed in the database.", name);
            return ClearMlAnswer.Refuse(ClearMlError.DataError, $"The database failed: {error.Message}");
        }
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpRequest request)
    {
        if (request.ContentLength > MaxBodyBytes) return null;
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0;)
        {
            if (body.Length + read > MaxBodyBytes) return null;
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static ILogger Log(HttpContext http) => http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ClearMlEndpoints));
}

/// <summary>One call in hand.</summary>
internal sealed class ClearMlCall(HttpContext http, EmbeddedQueue queue, TimeProvider clock, ReadOnlyMemory<byte> body)
{
    private const int MaxWorkerName = 256;

    public EmbeddedQueue Queue => queue;

    public DateTimeOffset Now => clock.GetUtcNow();

    public ReadOnlyMemory<byte> Body => body;

    public CancellationToken Cancel => http.RequestAborted;

    /// <summary>The token that the request brought; null for none.</summary>
    public string? Token => TokenAuthentication.Presented(http.Request);

    public string? Ip => http.Connection.RemoteIpAddress?.ToString();

    /// <summary>Reads the request; an empty body is an empty request.</summary>
    /// <exception cref="ClearMlException">It is malformed.</exception>
    public T Read<T>(JsonTypeInfo<T> type)
        where T : class, new()
    {
        if (body.Span.Trim(" \t\r\n"u8).IsEmpty) return new T();
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) ?? new T();
        }
        catch (JsonException error)
        {
            throw new ClearMlException(ClearMlError.ValidationError, $"The request cannot be read at {error.Path ?? "$"}: {error.Message}");
        }
    }

    /// <summary>Who speaks: the request's own word, else the header; null if neither says.</summary>
    public string? Worker(string? named)
    {
        var worker = string.IsNullOrEmpty(named) ? http.Request.Headers[ClearMlEndpoints.WorkerHeader].ToString() : named;
        return worker.Length == 0 ? null : CheckWorker(worker);
    }

    public string RequireWorker(string? named) => Worker(named) ?? throw new ClearMlException(ClearMlError.ValidationError, "worker: the worker's name is missing.");

    public static string Require(string? value, string field) =>
        string.IsNullOrEmpty(value) ? throw new ClearMlException(ClearMlError.ValidationError, $"{field}: a value is missing.") : value;

    private static string CheckWorker(string worker) => worker.Length <= MaxWorkerName && !worker.Any(char.IsControl)
        ? worker
        : throw new ClearMlException(ClearMlError.ValidationError, $"worker: a name has at most {MaxWorkerName} printable characters.");
}

/// <summary>What a call is answered: data, or an error.</summary>
internal sealed record ClearMlAnswer(JsonElement Data, ClearMlError? Error, string Message)
{
    private static readonly JsonElement Empty = JsonSerializer.SerializeToElement(new ClearMlNothing(), WireJson.Default.ClearMlNothing);

    public static ClearMlAnswer Nothing { get; } = new(Empty, null, "OK");

    public static ClearMlAnswer Of<T>(T data, JsonTypeInfo<T> type) => new(JsonSerializer.SerializeToElement(data, type), null, "OK");

    public static ClearMlAnswer Refuse(ClearMlError error, string message) => new(Empty, error, message);
}

/// <summary>A request that cannot be answered, with ClearML's code for the reason. Becomes the envelope's error.</summary>
internal sealed class ClearMlException(ClearMlError error, string message) : Exception(message)
{
    public ClearMlError Error => error;
}
