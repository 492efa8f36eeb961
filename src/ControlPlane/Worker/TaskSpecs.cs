using System.Text.Json;

namespace ControlPlane.Worker;

/// <summary>Reads what a task runs from the task as the server shows it.</summary>
internal static class TaskSpecs
{
    private const string Section = "controlplane";

    /// <returns>The specification, or a sentence that says what is wrong with it.</returns>
    public static (TaskSpec? Spec, string? Fault) Read(TaskEntry task)
    {
        if (task.Configuration?.GetValueOrDefault(Section)?.Value is not { } value)
            return (null, $"The task has no configuration section '{Section}': it says nothing to run.");
        try
        {
            var spec = JsonSerializer.Deserialize(value, TaskSpecContext.Default.TaskSpec);
            var commands = (spec?.Command is { Length: > 0 } ? 1 : 0) + (string.IsNullOrWhiteSpace(spec?.Shell) ? 0 : 1);
            return commands == 1 ? (spec, null) : (null, $"Configuration section '{Section}' must hold either 'command' or 'shell'.");
        }
        catch (JsonException e)
        {
            return (null, $"Configuration section '{Section}' cannot be read: {e.Message}");
        }
    }
}
