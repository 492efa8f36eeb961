using System.Text.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary>A file of tasks: one JSON object a line. Empty lines are skipped.</summary>
internal static class TaskFile
{
    public const int MaxBytes = 64 * 1024 * 1024;
    private const int MostFaults = 20;

    /// <summary>Reads the tasks; what a line does not say is taken from the defaults.</summary>
    /// <exception cref="FaultyInputException">Lines are no objects, or there is none; names them all.</exception>
    public static IReadOnlyList<JsonObject> Read(string text, string file, JsonObject defaults)
    {
        List<JsonObject> tasks = [];
        List<string> faults = [];
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;

            if (Parse(line) is not { } task)
                faults.Add($"{file}:{number}: not a JSON object. Write one task a line, such as {{\"queue\":\"default\",\"command\":[\"echo\",\"hello\"]}}.");
            else
                tasks.Add(WithDefaults(task, defaults));
            if (faults.Count == MostFaults)
                break;
        }

        if (faults.Count > 0)
            throw new FaultyInputException(string.Join('\n', faults) + "\nNothing was submitted.");
        return tasks.Count > 0 ? tasks : throw new FaultyInputException($"{file} holds no task.");
    }

    private static JsonObject WithDefaults(JsonObject task, JsonObject defaults)
    {
        foreach (var (key, value) in defaults)
        {
            if (!task.ContainsKey(key))
                task[key] = value?.DeepClone();
        }

        return task;
    }

    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            // The caller names the line.
            return null;
        }
    }
}
