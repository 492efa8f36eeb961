using System.Text;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.Embedded;

namespace ControlPlane.Tasks;

/// <summary>What a valid task is, whichever way it came.</summary>
internal static class TaskRules
{
    private const int MaxName = 200;
    private const int MaxArguments = 1_000;
    private const int MaxCommandBytes = 128 * 1024;
    private const int MaxVariables = 1_000;
    private const int MaxPriority = 1_000;
    private const int MaxMaxAttempts = 100;
    private const int DefaultMaxAttempts = 3;

    /// <summary>Checks a submission and adds every fault to the errors, under its field's path. With faults the answer is of no use.</summary>
    public static NewTask Check(TaskSubmission task, string path, bool draft, Dictionary<string, string[]> errors)
    {
        if (!draft && string.IsNullOrWhiteSpace(task.Queue)) errors[path + "queue"] = ["Name the queue that the task shall wait in."];
        if (task.Name is { } name && (name.Length is 0 or > MaxName || name.Any(char.IsControl))) errors[path + "name"] = [$"Must be 1 to {MaxName} printable characters."];
        if (task.Priority is < -MaxPriority or > MaxPriority) errors[path + "priority"] = [$"Must be -{MaxPriority} to {MaxPriority}."];
        if (task.MaxAttempts is < 1 or > MaxMaxAttempts) errors[path + "maxAttempts"] = [$"Must be 1 to {MaxMaxAttempts}."];
        CheckEnvironment(task, path, errors);
        var command = CheckCommand(task, path, draft, errors);
        return new NewTask
        {
            Name = task.Name ?? NameOf(task.Shell ?? string.Join(' ', command)),
            Queue = draft || task.Queue is null ? null : new QueueName(task.Queue),
            Command = command,
            Environment = task.Environment ?? new Dictionary<string, string>(),
            Priority = task.Priority ?? 0,
            MaxAttempts = task.MaxAttempts ?? DefaultMaxAttempts,
        };
    }

    private static IReadOnlyList<string> CheckCommand(TaskSubmission task, string path, bool draft, Dictionary<string, string[]> errors)
    {
        if (task.Command is not null && task.Shell is not null)
        {
            errors[path + "shell"] = ["Give either 'command' or 'shell', not both."];
            return [];
        }

        var field = task.Shell is null ? "command" : "shell";
        var command = task.Shell is { } line ? ["/bin/sh", "-c", line] : task.Command ?? [];
        // A faulty command was named already by whoever read it.
        if (errors.ContainsKey(path + "command") || errors.ContainsKey(path + "shell")) return command;
        if (command.Count == 0 && (!draft || task.Command is not null)) errors[path + "command"] = ["Say what to run: 'command' as a list of program and arguments, or 'shell' as a line."];
        else if (command.Count > 0 && (string.IsNullOrWhiteSpace(command[0]) || (task.Shell is not null && string.IsNullOrWhiteSpace(task.Shell)))) errors[path + field] = ["Must not be empty."];
        else if (command.Count > MaxArguments) errors[path + field] = [$"Has at most {MaxArguments} parts."];
        else if (command.Sum(part => Encoding.UTF8.GetByteCount(part)) > MaxCommandBytes) errors[path + field] = [$"Has at most {MaxCommandBytes} bytes in all."];
        else if (command.Any(part => part.Contains('\0'))) errors[path + field] = ["Must not contain the character NUL."];
        return command;
    }

    private static void CheckEnvironment(TaskSubmission task, string path, Dictionary<string, string[]> errors)
    {
        if (task.Environment is not { } environment) return;
        if (environment.Count > MaxVariables) errors[path + "environment"] = [$"Has at most {MaxVariables} variables."];
        foreach (var (name, value) in environment)
        {
            if (!IsVariableName(name)) errors[$"{path}environment.{name}"] = ["A variable's name has letters, digits and underscores, and does not begin with a digit."];
            else if (value.Contains('\0')) errors[$"{path}environment.{name}"] = ["Must not contain the character NUL."];
        }
    }

    private static bool IsVariableName(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static string NameOf(string command)
    {
        var name = string.Concat(command.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        if (name.Length <= MaxName) return name.Length == 0 ? "task" : name;
        // Not between the two halves of a character.
        return name[..(char.IsHighSurrogate(name[MaxName - 1]) ? MaxName - 1 : MaxName)];
    }
}
