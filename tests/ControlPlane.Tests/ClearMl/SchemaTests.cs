using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ControlPlane.ClearMl;
using ControlPlane.ClearMlDouble;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl.Wire;
using ControlPlane.Providers.Tests.ClearMl;

namespace ControlPlane.Host.Tests.ClearMl;

/// <summary>Every request and answer of every call that we serve or make, against ClearML's own schema in all its versions from 2.13 on.</summary>
public sealed class SchemaTests
{
    /// <summary>What is ours beside the schema, each documented at its type. A stock client passes over it.</summary>
    private static readonly HashSet<string> Extensions =
    [
        "queues.get_next_task > worker", "tasks.* > worker", "tasks.* > attempt", "tasks.* > exit_code",
        "workers.status_report < draining", "workers.status_report < cancelled", "tasks.ping < cancelled", "workers.get_all < workers.draining",
    ];

    /// <summary>What the schema calls a list of queues; its own text says that this call is a hack, and servers answer with objects in place of ids.</summary>
    private static readonly HashSet<string> Elsewhere = ["queues.get_all_ex < queues.entries.task", "queues.get_all_ex < queues.workers"];

    public static TheoryData<string, string, string> Shapes()
    {
        var all = Served.Concat(Made.Select(m => (m.Call, (Type?)m.Request, (Type?)m.Response)));
        var known = new HashSet<(string, string, Type)>();
        var data = new TheoryData<string, string, string>();
        foreach (var (call, request, response) in all)
        {
            foreach (var (side, type) in new[] { (">", request), ("<", response) })
            {
                // Some calls are served and made by the same types.
                if (type is not null && known.Add((call, side, type)))
                    data.Add(call, side, type.AssemblyQualifiedName!);
            }
        }

        return data;
    }

    private static IEnumerable<(string Call, Type? Request, Type? Response)> Served =>
    [
        ("auth.login", null, typeof(AuthLoginResponse)),
        ("server.info", null, typeof(ServerInfoResponse)),
        ("queues.get_all", typeof(QueuesGetAllRequest), typeof(QueuesGetAllResponse)),
        ("queues.get_all_ex", typeof(QueuesGetAllRequest), typeof(QueuesGetAllExResponse)),
        ("queues.get_by_id", null, typeof(QueueResponse)),
        ("queues.get_num_entries", null, typeof(QueueNumEntriesResponse)),
        ("queues.create", typeof(QueueCreateRequest), typeof(IdResponse)),
        ("queues.get_next_task", null, typeof(QueueNextTaskResponse)),
        ("queues.peek_task", null, typeof(QueuePeekTaskResponse)),
        ("queues.add_task", typeof(QueueTaskRequest), typeof(QueueAddTaskResponse)),
        ("queues.remove_task", typeof(QueueTaskRequest), typeof(QueueRemoveTaskResponse)),
        ("queues.move_task_to_front", typeof(QueueTaskRequest), typeof(QueuePositionResponse)),
        ("workers.register", typeof(WorkerRegisterRequest), null),
        ("workers.unregister", null, null),
        ("workers.status_report", typeof(WorkerStatusReportRequest), typeof(WorkerStatusReportResponse)),
        ("workers.get_all", typeof(WorkersGetAllRequest), typeof(WorkersGetAllResponse)),
        ("tasks.create", typeof(TaskCreateRequest), typeof(IdResponse)),
        ("tasks.get_by_id", null, typeof(TaskResponse)),
        ("tasks.get_all", typeof(TasksGetAllRequest), typeof(TasksGetAllResponse)),
        ("tasks.update", typeof(TaskEditRequest), null),
        ("tasks.ping", null, typeof(TaskPingResponse)),
        ("events.add_batch", null, typeof(EventsAddBatchResponse)),
    ];

    private static IEnumerable<(string Call, Type Request, Type Response)> Made =>
    [
        ("auth.login", typeof(ClearMlNothing), typeof(AuthLoginResponse)),
        ("queues.get_all", typeof(QueuePageRequest), typeof(QueuePage)),
        ("queues.create", typeof(QueueCreateRequest), typeof(IdResponse)),
        ("queues.move_task_to_front", typeof(QueueTaskRequest), typeof(ClearMlNothing)),
        ("workers.get_all", typeof(WorkersGetAllRequest), typeof(WorkerList)),
        ("tasks.get_all", typeof(TaskPageRequest), typeof(TaskPage)),
        ("tasks.update", typeof(TaskCommentRequest), typeof(ClearMlNothing)),
        ("tasks.reset", typeof(TaskResetRequest), typeof(ClearMlNothing)),
    ];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Shape_OfARequestOrAnswer_IsTheSchemas(string call, string side, string typeName)
    {
        var type = Type.GetType(typeName, throwOnError: true)!;
        var known = SchemaFacts.Calls[call];
        var faults = new List<string>();
        Compare(Json(type), side == ">" ? known.Request : known.Response, $"{call} {side} ", faults);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void Calls_ThatWeServe_AreAllInTheSchema()
    {
        Assert.Equal(SchemaFacts.Calls.Keys.Order(), ClearMlEndpoints.CallNames.Order());
    }

    [Theory]
    [InlineData("2.13")]
    [InlineData("2.14")]
    [InlineData("2.20")]
    [InlineData("2.21")]
    [InlineData("2.30")]
    [InlineData("2.31")]
    public async Task Requests_OfTheSource_AreTheSchemasOfTheVersionThatIsSpoken(string version)
    {
        await using var server = await new ClearMlServer { ApiVersion = version, Records = true }.StartAsync();
        var queue = server.Model.AddQueue("gpu").Id;
        using var api = new ClearMlApi(server.Url);
        const string Worker = "dynamic_worker:pool-a:g5.xlarge:i-0abc";
        await api.RegisterAsync(Worker, queue);
        await api.SubmitAsync(queue);
        await api.TakeAsync(Worker, queue);
        await api.SubmitAsync(queue);
        server.Recorded.Clear();

        using var source = api.Source(s => s with { CreateMissingQueues = true });
        await source.ObserveAsync([new QueueName("gpu"), new QueueName("new")], default);
        var workers = new InstanceWorkers(new InstanceRef(new InstanceId("01ARZ3NDEKTSV4RRFFQ69G5FAV"), "i-0abc"), "pool-a");
        Assert.Single((await source.RequeueAsync(new QueueName("gpu"), workers, RequeueRules.Default, "gone", default)).Requeued);
        server.Model.Next(queue);
        await api.TakeAsync(Worker, queue);
        Assert.Single((await source.RequeueAsync(new QueueName("gpu"), workers, new RequeueRules(Never: true), "gone", default)).GivenUp);

        var calls = server.Recorded.Where(r => r.Version == version || r.Call == "auth.login").ToList();
        Assert.Superset(
            new HashSet<string> { "auth.login", "queues.get_all", "queues.create", "workers.get_all", "tasks.get_all", "tasks.update", "tasks.reset", "tasks.enqueue", "tasks.failed", "queues.move_task_to_front" },
            calls.Select(c => c.Call).ToHashSet());
        var faults = new List<string>();
        foreach (var call in calls)
        {
            var known = SchemaFacts.Calls[call.Call];
            Check(JsonSerializer.SerializeToElement(call.Request), known.Request, SchemaFacts.Version(version), $"{call.Call} > ", faults);
            faults.AddRange(known.Request.Where(f => f.Value.Required && !call.Request.ContainsKey(f.Key)).Select(f => $"{call.Call} > {f.Key} is missing"));
            if (call.Status == 200)
                Check(JsonSerializer.SerializeToElement(call.Data), known.Response, (99, 0), $"{call.Call} < ", faults);
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults.Distinct()));
    }

    /// <summary>The fields of a type against those of the schema: each is there, from the oldest version that we speak on or left out before, and of its kind.</summary>
    private static void Compare(JsonTypeInfo type, Dictionary<string, SchemaField> fields, string at, List<string> faults)
    {
        foreach (var property in type.Properties)
        {
            var path = at + property.Name;
            if (IsOurs(path))
                continue;
            if (!fields.TryGetValue(property.Name, out var field))
            {
                faults.Add($"{path} is not in the schema");
                continue;
            }

            var kind = KindOf(property.PropertyType, property.CustomConverter);
            if (!Fits(kind, field.Type))
                faults.Add($"{path} is {kind}, and {field.Type} in the schema");
            if (SchemaFacts.FieldsOf(field.Type.Replace("[]", "", StringComparison.Ordinal)) is { } inner && Inner(property.PropertyType) is { } record)
                Compare(Json(record), inner, $"{path}.", faults);
        }
    }

    private static void Check(JsonElement value, Dictionary<string, SchemaField> fields, (int, int) version, string at, List<string> faults)
    {
        foreach (var property in value.EnumerateObject())
        {
            var path = at + property.Name;
            if (IsOurs(path))
                continue;
            if (!fields.TryGetValue(property.Name, out var field))
                faults.Add($"{path} is not in the schema");
            else if (field.Since.CompareTo(version) > 0)
                faults.Add($"{path} came with {field.Since}, and {version} is spoken");
            else
                Check(property.Value, field.Type, version, path, faults);
        }
    }

    private static void Check(JsonElement value, string type, (int, int) version, string path, List<string> faults)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal) && value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
                Check(item, type[..^2], version, path, faults);
            return;
        }

        var kind = value.ValueKind switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "number",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            JsonValueKind.Object => "object",
            _ => value.ValueKind.ToString(),
        };
        if (!Fits(kind, type))
            faults.Add($"{path} is {kind}, and {type} in the schema");
        else if (SchemaFacts.FieldsOf(type) is { } inner)
            Check(value, inner, version, $"{path}.", faults);
    }

    private static bool IsOurs(string path) =>
        Extensions.Contains(path) || Elsewhere.Contains(path) || Extensions.Contains($"tasks.*{path[path.IndexOf(' ', StringComparison.Ordinal)..]}");

    private static bool Fits(string kind, string type) =>
        type is "any" || kind == "any" || kind == type || (kind == "integer" && type == "number") || (kind == "object" && type.StartsWith('#') && !type.EndsWith("[]", StringComparison.Ordinal))
        || (kind == "object[]" && type.StartsWith('#') && type.EndsWith("[]", StringComparison.Ordinal)) || (kind == "string or string[]" && type is "string" or "string[]");

    private static string KindOf(Type type, object? converter)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (converter is OneOrManyConverter)
            return "string or string[]";
        if (type == typeof(string) || type == typeof(DateTimeOffset))
            return "string";
        if (type == typeof(int) || type == typeof(long))
            return "integer";
        if (type == typeof(double))
            return "number";
        if (type == typeof(bool))
            return "boolean";
        if (type == typeof(JsonElement))
            return "any";
        if (!type.IsGenericType)
            return "object";
        return type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) ? "object" : $"{KindOf(type.GetGenericArguments()[0], null)}[]";
    }

    /// <summary>The record in a list or in place; null for what has no fields of ours.</summary>
    private static Type? Inner(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() != typeof(IReadOnlyDictionary<,>))
            type = type.GetGenericArguments()[0];
        return type.Namespace == typeof(WireTask).Namespace ? type : null;
    }

    private static JsonTypeInfo Json(Type type) => WireJson.Default.GetTypeInfo(type) ?? SourceJson.Default.GetTypeInfo(type)
        ?? throw new InvalidOperationException($"{type.Name} is not written as JSON.");
}
