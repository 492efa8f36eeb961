using System.CommandLine;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary><c>tasks</c>: submit, list, show, cancel and read tasks of the embedded queue.</summary>
internal static class TaskVerbs
{
    public static Command Build(Verbs verbs)
    {
        var id = new Argument<string>("ID") { Description = "The task's id." };
        var follow = new Option<bool>("--follow") { Description = "Go on until the task ends." };
        var list = GetVerb.ListOptions();
        var state = new Option<string?>("--state") { Description = "Only tasks in these states, separated by commas.", HelpName = "STATES" };
        return Verbs.Group(
            "tasks",
            "Submit, list, show, cancel and read tasks of the embedded queue.",
            Submit(verbs),
            verbs.Make(
                "list",
                "List tasks, newest first.",
                (i, cancel) => GetVerb.ListAsync(i, Resources.Tasks, list, i.Value(state) is { } states ? $"state={Uri.EscapeDataString(states)}" : null, cancel),
                [.. list.All, state]),
            verbs.Make("show", "Show one task and its attempts.", (i, cancel) => ShowAsync(i, i.Value(id), i.Value(list.Output), cancel), id, list.Output),
            verbs.Make("cancel", "Cancel a task; a running command is ended.", (i, cancel) => CancelAsync(i, i.Value(id), cancel), id),
            verbs.Make("logs", "Print what a task wrote.", (i, cancel) => LogsAsync(i, i.Value(id), i.Value(follow), cancel), id, follow));
    }

    private static Command Submit(Verbs verbs)
    {
        var queue = new Option<string?>("--queue") { Description = "The queue that the task waits in; for a file, of each line that names none.", HelpName = "QUEUE" };
        var name = new Option<string?>("--name") { Description = "A name; without it the beginning of the command.", HelpName = "NAME" };
        var variables = new Option<string[]>("--env", "-e") { Description = "A variable for the command. May be repeated.", HelpName = "NAME=VALUE" };
        var priority = new Option<int?>("--priority") { Description = "Higher goes first: -1000 to 1000.", HelpName = "N" };
        var attempts = new Option<int?>("--max-attempts") { Description = "How many attempts may be lost with their machine: 1 to 100.", HelpName = "N" };
        var wait = new Option<bool>("--wait") { Description = "Wait until the task has ended; exit with 1 unless it succeeded." };
        var follow = new Option<bool>("--follow") { Description = "Wait, and print what the task writes." };
        var file = new Option<string?>("--file") { Description = "Submit a task for each line of JSON; - reads standard input.", HelpName = "TASKS.JSONL" };
        var command = new Argument<string[]>("COMMAND") { Description = "The program and its arguments, after --.", Arity = ArgumentArity.ZeroOrMore };
        variables.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
                result.AddError($"'{token.Value}' is no variable. Write NAME=VALUE.");
        });

        var verb = verbs.Make(
            "submit",
            "Submit a task, or a file of them.",
            (i, cancel) =>
            {
                var task = new JsonObject();
                Put(task, "queue", i.Value(queue));
                Put(task, "name", i.Value(name));
                Put(task, "priority", i.Value(priority));
                Put(task, "maxAttempts", i.Value(attempts));
                if (i.Value(variables) is { Length: > 0 } pairs)
                    task["environment"] = new JsonObject(pairs.Select(p => p.Split('=', 2)).GroupBy(p => p[0]).Select(g => KeyValuePair.Create(g.Key, (JsonNode?)g.Last()[1])));
                if (i.Value(command) is { Length: > 0 } parts)
                    task["command"] = new JsonArray([.. parts.Select(p => (JsonNode)p)]);
                return SubmitAsync(i, task, i.Value(file), i.Value(wait), i.Value(follow), cancel);
            },
            queue, name, variables, priority, attempts, wait, follow, file, command);
        verb.Validators.Add(result =>
        {
            var hasFile = result.GetResult(file) is { Implicit: false };
            var hasCommand = result.GetResult(command) is { Tokens.Count: > 0 };
            if (hasFile == hasCommand)
                result.AddError("Give either a command after --, or --file.");
            if (!hasFile && result.GetResult(queue) is not { Implicit: false })
                result.AddError("Name the queue with --queue.");
            if (hasFile && result.GetResult(follow) is { Implicit: false })
                result.AddError("--follow shows one task; use --wait with --file.");
        });
        return verb;
    }

    private static void Put<T>(JsonObject task, string key, T? value)
    {
        if (value is not null)
            task[key] = JsonValue.Create(value);
    }

    private static async Task<int> SubmitAsync(Invocation i, JsonObject task, string? file, bool wait, bool follow, CancellationToken cancel)
    {
        using var api = new TaskClient(i.Connect(), i.Time);
        List<JsonNode> submitted = [];
        if (file is null)
        {
            submitted.Add(await api.SubmitAsync(task, cancel));
            i.Say(submitted[0].Text("id") ?? "");
        }
        else
        {
            var batch = TaskFile.Read(await i.ReadAsync(file, TaskFile.MaxBytes, cancel), file, task);
            await foreach (var made in api.SubmitAsync(batch, cancel))
            {
                submitted.Add(made);
                i.Say(made.Text("id") ?? "");
            }
        }

        if (!wait && !follow)
            return ExitCode.Ok;

        var allSucceeded = true;
        foreach (var id in submitted.Select(s => s.Text("id") ?? ""))
        {
            if (follow)
                await CopyLogAsync(i, api, id, true, cancel);
            var ended = await api.WaitAsync(id, cancel);
            i.Remark(Ending(ended));
            allSucceeded &= ended.Text("state") == "succeeded";
        }

        return allSucceeded ? ExitCode.Ok : ExitCode.Refused;
    }

    private static async Task<int> ShowAsync(Invocation i, string id, string format, CancellationToken cancel)
    {
        using var api = new TaskClient(i.Connect(), i.Time);
        var task = await api.GetAsync(id, cancel);
        i.Terminal.Output.WriteLine(format == "json" ? Documents.Json(task) : Documents.Yaml(task));
        return ExitCode.Ok;
    }

    private static async Task<int> CancelAsync(Invocation i, string id, CancellationToken cancel)
    {
        using var api = new TaskClient(i.Connect(), i.Time);
        var task = await api.CancelAsync(id, cancel);
        i.Say($"Task {id} is {task.Text("state") ?? "cancelled"}.");
        return ExitCode.Ok;
    }

    private static async Task<int> LogsAsync(Invocation i, string id, bool follow, CancellationToken cancel)
    {
        using var api = new TaskClient(i.Connect(), i.Time);
        await CopyLogAsync(i, api, id, follow, cancel);
        return ExitCode.Ok;
    }

    /// <summary>A task's own output is passed on as it is: whoever reads it asked for it.</summary>
    private static async Task CopyLogAsync(Invocation i, TaskClient api, string id, bool follow, CancellationToken cancel)
    {
        await foreach (var text in api.LogAsync(id, follow, cancel))
        {
            await i.Terminal.Output.WriteAsync(text.AsMemory(), cancel);
            await i.Terminal.Output.FlushAsync(cancel);
        }
    }

    private static string Ending(JsonNode task)
    {
        var exit = task.Text("exitCode") is { } code ? $" with exit code {code}" : "";
        var tries = task.Number("attempt") is > 1 and var n ? $" in attempt {n}" : "";
        var reason = task.Text("state") != "succeeded" && task.Text("reason") is { Length: > 0 } why ? $": {why}" : "";
        return $"Task {task.Text("id")} {task.Text("state")}{exit}{tries}{reason}";
    }
}
