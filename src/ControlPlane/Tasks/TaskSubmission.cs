using System.Text.Json;

namespace ControlPlane.Tasks;

/// <summary>A task as a client submits it.</summary>
public sealed record TaskSubmission
{
    /// <summary>1 to 200 characters; absent: the first words of the command.</summary>
    public string? Name { get; init; }

    /// <summary>The queue's name. Required, and it must exist.</summary>
    public string? Queue { get; init; }

    /// <summary>Program and arguments, 1 to 1,000, at most 128 kB in all. Either this or <see cref="Shell"/>.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>A line for <c>/bin/sh -c</c>.</summary>
    public string? Shell { get; init; }

    /// <summary>Variables for the command, at most 1,000.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Higher goes first, -1,000 to 1,000; absent: 0.</summary>
    public int? Priority { get; init; }

    /// <summary>How many attempts may be lost with their worker before the task fails, 1 to 100; absent: 3. A command that fails is not tried again.</summary>
    public int? MaxAttempts { get; init; }
}

/// <summary>Many tasks at once, all or none: 1 to 1,000.</summary>
public sealed record TaskBatch(IReadOnlyList<TaskSubmission> Tasks);

/// <summary>Reads submissions field by field, so that every fault is named by its path and all are told together.</summary>
internal static class TaskReader
{
    public const int MaxBatch = 1_000;

    private static readonly string[] Fields = ["name", "queue", "command", "shell", "environment", "priority", "maxAttempts"];

    /// <summary>One task, or a batch under <c>tasks</c>. With faults the list is of no use.</summary>
    public static (IReadOnlyList<(string Path, TaskSubmission Task)> Tasks, bool IsBatch) Read(JsonElement body, Dictionary<string, string[]> errors)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            errors["$"] = ["Must be an object: a task, or a batch such as {\"tasks\": [...]}."];
            return ([], false);
        }

        if (!body.TryGetProperty("tasks", out var batch)) return ([("", ReadTask(body, "", errors))], false);
        foreach (var other in body.EnumerateObject().Where(property => property.Name != "tasks")) errors[other.Name] = ["A batch has the field 'tasks' and no other."];
        if (batch.ValueKind != JsonValueKind.Array || batch.GetArrayLength() is < 1 or > MaxBatch)
        {
            errors["tasks"] = [$"Must be a list of 1 to {MaxBatch} tasks."];
            return ([], true);
        }

        return ([.. batch.EnumerateArray().Select((task, index) => ($"tasks[{index}].", ReadTask(task, $"tasks[{index}].", errors)))], true);
    }

    private static TaskSubmission ReadTask(JsonElement task, string path, Dictionary<string, string[]> errors)
    {
        if (task.ValueKind != JsonValueKind.Object)
        {
            errors[path.TrimEnd('.')] = ["Must be an object."];
            return new TaskSubmission();
        }

        foreach (var field in task.EnumerateObject().Where(field => !Fields.Contains(field.Name)))
            errors[path + field.Name] = [$"Unknown field. A task has {string.Join(", ", Fields)}."];
        return new TaskSubmission
        {
            Name = Text(task, "name", path, errors),
            Queue = Text(task, "queue", path, errors),
            Command = Texts(task, path, errors),
            Shell = Text(task, "shell", path, errors),
            Environment = Pairs(task, path, errors),
            Priority = Number(task, "priority", path, errors),
            MaxAttempts = Number(task, "maxAttempts", path, errors),
        };
    }

    private static bool Has(JsonElement task, string field, out JsonElement value) => task.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null;

    private static string? Text(JsonElement task, string field, string path, Dictionary<string, string[]> errors)
    {
        if (!Has(task, field, out var value)) return null;
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        errors[path + field] = ["Must be a text."];
        return null;
    }

    private static int? Number(JsonElement task, string field, string path, Dictionary<string, string[]> errors)
    {
        if (!Has(task, field, out var value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)) return number;
        errors[path + field] = ["Must be a whole number."];
        return null;
    }

    private static List<string>? Texts(JsonElement task, string path, Dictionary<string, string[]> errors)
    {
        if (!Has(task, "command", out var value)) return null;
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            return [.. value.EnumerateArray().Select(item => item.GetString()!)];
        errors[path + "command"] = ["Must be a list of texts: the program and its arguments. For a line of shell use 'shell'."];
        return null;
    }

    private static Dictionary<string, string>? Pairs(JsonElement task, string path, Dictionary<string, string[]> errors)
    {
        if (!Has(task, "environment", out var value)) return null;
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors[path + "environment"] = ["Must be an object of texts."];
            return null;
        }

        var pairs = new Dictionary<string, string>();
        foreach (var pair in value.EnumerateObject())
        {
            if (pair.Value.ValueKind == JsonValueKind.String) pairs[pair.Name] = pair.Value.GetString()!;
            else errors[$"{path}environment.{pair.Name}"] = ["Must be a text; write numbers in quotes."];
        }

        return pairs;
    }
}
