using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ControlPlane.ClearMlDouble;

/// <summary>The calls of the API on the model, with their parameters as the schema names them.</summary>
internal sealed class ServerCalls(ServerModel model, Func<int> pageCap)
{
    public JsonNode Answer(string call, JsonObject request)
    {
        lock (model.Gate)
        {
            return call switch
            {
                "queues.get_all" => new JsonObject { ["queues"] = Queues(request, ex: false) },
                "queues.get_all_ex" => new JsonObject { ["queues"] = Queues(request, ex: true) },
                "queues.get_by_id" => new JsonObject { ["queue"] = Queue(model.Queue(Text(request, "queue")), false) },
                "queues.create" => new JsonObject { ["id"] = model.AddQueue(Required(request, "name")).Id },
                "queues.get_next_task" => NextTask(request),
                "queues.move_task_to_front" => MoveToFront(request),
                "workers.get_all" => new JsonObject { ["workers"] = Workers(request) },
                "workers.register" => Register(request),
                "workers.unregister" => Do(() => model.Unregister(Required(request, "worker")), []),
                "workers.status_report" => Do(() => model.Report(Required(request, "worker"), Text(request, "task"), Texts(request, "queues")), []),
                "tasks.create" => new JsonObject { ["id"] = model.AddTask(Required(request, "name")).Id },
                "tasks.get_all" => new JsonObject { ["tasks"] = Tasks(request) },
                "tasks.get_by_id" => new JsonObject { ["task"] = Task(model.Task(Text(request, "task"))) },
                "tasks.enqueue" => Do(
                    () => model.Enqueue(Required(request, "task"), Text(request, "queue"), Text(request, "status_reason"), Text(request, "status_message")), Updated("queued", "queued")),
                "tasks.dequeue" => Do(() => model.Dequeue(Required(request, "task")), Updated("dequeued", "created")),
                "tasks.reset" => Do(() => model.Reset(Required(request, "task"), Flag(request, "force"), Flag(request, "delete_output_models", true)), Updated(null, "created")),
                "tasks.update" => Update(request),
                "tasks.started" => Status(request, "in_progress", "started"),
                "tasks.completed" => Status(request, "completed", null),
                "tasks.failed" => Status(request, "failed", null),
                "tasks.stopped" => Status(request, "stopped", null),
                "tasks.ping" => Do(() => model.Task(Text(request, "task")), []),
                _ => throw new ModelException(400, 0, $"Unsupported endpoint: {call}"),
            };
        }
    }

    private static JsonObject Do(Action act, JsonObject answer)
    {
        act();
        return answer;
    }

    private static JsonObject Updated(string? count, string status)
    {
        var answer = new JsonObject { ["updated"] = 1, ["fields"] = new JsonObject { ["status"] = status } };
        if (count is not null)
            answer[count] = 1;
        return answer;
    }

    private JsonObject Status(JsonObject request, string status, string? count)
    {
        var task = model.Task(Required(request, "task"));
        model.Change(task, status, Flag(request, "force"), Text(request, "status_reason"), Text(request, "status_message"));
        return Updated(count, status);
    }

    private JsonObject Update(JsonObject request)
    {
        var task = model.Task(Required(request, "task"));
        if (request.ContainsKey("comment"))
            task.Comment = Text(request, "comment");
        return new JsonObject { ["updated"] = 1, ["fields"] = new JsonObject { ["comment"] = task.Comment } };
    }

    private JsonObject NextTask(JsonObject request) => model.Next(Required(request, "queue")) is { } entry
        ? new JsonObject { ["entry"] = Entry(entry) }
        : [];

    private JsonObject MoveToFront(JsonObject request)
    {
        model.MoveToFront(Required(request, "queue"), Required(request, "task"));
        return new JsonObject { ["position"] = 0 };
    }

    private JsonObject Register(JsonObject request)
    {
        model.Register(Required(request, "worker"), Texts(request, "queues") ?? [], (int?)request["timeout"], null);
        return [];
    }

    private JsonArray Queues(JsonObject request, bool ex)
    {
        var found = model.Queues.Values.AsEnumerable();
        if (Text(request, "name") is { } name)
            found = found.Where(q => Regex.IsMatch(q.Name, name));
        if (Texts(request, "id") is { } ids)
            found = found.Where(q => ids.Contains(q.Id));
        if (!Flag(request, "search_hidden") && Text(request, "name") is null && Texts(request, "id") is null)
            found = found.Where(q => !q.Hidden);
        return new JsonArray([.. Page(found, request).Select(q => Project(Queue(q, ex), request))]);
    }

    private JsonObject Queue(ModelQueue queue, bool ex)
    {
        var row = new JsonObject
        {
            ["id"] = queue.Id,
            ["name"] = queue.Name,
            ["created"] = Time(queue.Created),
            ["tags"] = new JsonArray(),
            ["system_tags"] = new JsonArray(queue.Hidden ? ["k8s-glue"] : []),
            ["entries"] = new JsonArray([.. queue.Entries.Select(Entry)]),
        };
        if (ex)
            row["workers"] = new JsonArray([.. model.Registered().Where(w => w.Queues.Contains(queue.Id)).Select(w => new JsonObject { ["name"] = w.Id })]);
        return row;
    }

    private static JsonNode Entry((string Task, DateTimeOffset Added) entry) => new JsonObject { ["task"] = entry.Task, ["added"] = Time(entry.Added) };

    private JsonArray Workers(JsonObject request)
    {
        var seconds = (int?)request["last_seen"] ?? 3_600;
        var workers = model.Registered().Where(w => seconds == 0 || w.LastActivity >= model.Now.AddSeconds(-seconds));
        return new JsonArray([.. workers.Select(Worker)]);
    }

    private JsonNode Worker(ModelWorker worker)
    {
        var row = new JsonObject
        {
            ["id"] = worker.Id,
            ["user"] = new JsonObject { ["id"] = "u", ["name"] = "user" },
            ["company"] = new JsonObject { ["id"] = "c", ["name"] = "company" },
            ["ip"] = worker.Ip ?? "10.0.0.1",
            ["register_time"] = Time(worker.Registered),
            ["last_activity_time"] = Time(worker.LastActivity),
            ["queues"] = new JsonArray([.. worker.Queues.Select(id => new JsonObject { ["id"] = id, ["name"] = model.Queues.GetValueOrDefault(id)?.Name })]),
        };
        if (worker.LastReport is { } report)
            row["last_report_time"] = Time(report);
        if (worker.Task is { } task)
            row["task"] = new JsonObject { ["id"] = task, ["name"] = model.Tasks.GetValueOrDefault(task)?.Name, ["running_time"] = 0 };
        return row;
    }

    private JsonArray Tasks(JsonObject request)
    {
        var found = model.Tasks.Values.AsEnumerable();
        if (Texts(request, "id") is { } ids)
            found = found.Where(t => ids.Contains(t.Id));
        if (Texts(request, "status") is { } statuses)
            found = found.Where(t => statuses.Contains(t.Status));
        foreach (var condition in Texts(request, "status_changed") ?? [])
        {
            if (condition.StartsWith(">=", StringComparison.Ordinal))
                found = found.Where(t => t.StatusChanged >= DateTimeOffset.Parse(condition[2..], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
        }

        if (request["_all_"] is JsonObject all)
        {
            var pattern = new Regex(Required(all, "pattern"));
            var fields = Texts(all, "fields") ?? [];
            found = found.Where(t => fields.All(f => pattern.IsMatch((f == "last_worker" ? t.LastWorker : f == "comment" ? t.Comment : t.Name) ?? "")));
        }

        found = Texts(request, "order_by") is ["-status_changed", ..] ? found.OrderByDescending(t => t.StatusChanged) : found.OrderBy(t => t.Id, StringComparer.Ordinal);
        return new JsonArray([.. Page(found, request).Select(t => Project(Task(t), request))]);
    }

    private static JsonObject Task(ModelTask task)
    {
        var row = new JsonObject
        {
            ["id"] = task.Id,
            ["name"] = task.Name,
            ["type"] = "training",
            ["status"] = task.Status,
            ["status_changed"] = Time(task.StatusChanged),
            ["created"] = Time(task.Created),
        };
        void Set(string name, string? value)
        {
            if (value is not null)
                row[name] = value;
        }

        Set("status_reason", task.StatusReason);
        Set("status_message", task.StatusMessage);
        Set("started", task.Started is { } started ? Time(started) : null);
        Set("completed", task.Completed is { } completed ? Time(completed) : null);
        Set("last_worker", task.LastWorker);
        Set("last_worker_report", task.LastWorkerReport is { } report ? Time(report) : null);
        Set("comment", task.Comment);
        if (task.Queue is not null)
            row["execution"] = new JsonObject { ["queue"] = task.Queue };
        return row;
    }

    private IEnumerable<T> Page<T>(IEnumerable<T> rows, JsonObject request)
    {
        var size = Math.Min((int?)request["page_size"] ?? pageCap(), pageCap());
        return size < 1 ? throw new ModelException(400, 12, "page_size must be >0") : rows.Skip(((int?)request["page"] ?? 0) * size).Take(size);
    }

    /// <summary>The fields that were asked for; the id comes always.</summary>
    private static JsonObject Project(JsonObject row, JsonObject request)
    {
        if (Texts(request, "only_fields") is not { Count: > 0 } fields)
            return row;
        var projected = new JsonObject { ["id"] = row["id"]!.DeepClone() };
        foreach (var group in fields.Where(f => f != "id").GroupBy(f => f.Split('.')[0]))
        {
            if (row[group.Key] is not { } value)
                continue;
            string[] inner = [.. group.Where(f => f.Contains('.')).Select(f => f.Split('.')[1])];
            projected[group.Key] = inner.Length == 0 ? value.DeepClone() : value switch
            {
                JsonArray array => new JsonArray([.. array.Select(i => Only(i!.AsObject(), inner))]),
                _ => Only(value.AsObject(), inner),
            };
        }

        return projected;
    }

    private static JsonObject Only(JsonObject row, string[] fields) => new(fields.Where(row.ContainsKey).Select(f => KeyValuePair.Create(f, row[f]?.DeepClone())));

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff+00:00", CultureInfo.InvariantCulture);

    private static string? Text(JsonObject request, string field) => (string?)request[field];

    private static string Required(JsonObject request, string field) => Text(request, field) is { Length: > 0 } value ? value : throw new ModelException(400, 12, $"Validation error: '{field}' is a required property");

    private static IReadOnlyList<string>? Texts(JsonObject request, string field) => request[field] is JsonArray array
        ? [.. array.Select(i => (string)i!)]
        : request[field] is null ? null : throw new ModelException(400, 12, $"Validation error: {field} is not of type 'array'");

    private static bool Flag(JsonObject request, string field, bool otherwise = false) => (bool?)request[field] ?? otherwise;
}
