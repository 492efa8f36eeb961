using System.ComponentModel;

namespace ControlPlane.Worker;

/// <summary>Takes one assigned task from its specification to its accepted result.</summary>
internal sealed class TaskExecutor(
    ServerClient server, WorkerOptions options, TimeProvider time, Pacing pacing, WorkerConsole console, StopSignals signals, string worker, string workRoot)
{
    /// <returns>False if the task did not get as far as being ours to run.</returns>
    public async Task<bool> ExecuteAsync(string task)
    {
        var answer = await server.InsistAsync(
            "tasks.get_by_id", new TaskRequest(task), WireContext.Default.TaskRequest, WireContext.Default.EnvelopeTaskAnswer, OutOfReach, signals.Ending);
        if (answer is not Answer<TaskAnswer>.Ok { Data.Task: { } entry })
        {
            console.Say($"task {task}: cannot be read, so it is left to the server: {Explain(answer)}");
            return false;
        }

        var (spec, fault) = TaskSpecs.Read(entry);
        var key = new TaskKey(task, worker, spec?.Attempt ?? 1);
        if (!await StartAsync(key))
            return false;
        var log = new TaskLog(server, options, time, pacing, console, key);
        if (spec is null)
            await ReportFailureAsync(key, log, fault ?? "The task cannot be read.");
        else
            await RunAsync(key, spec, log);
        return true;
    }

    /// <summary>True once the server has agreed that we run this try.</summary>
    private async Task<bool> StartAsync(TaskKey key)
    {
        var request = new TaskOnWorkerRequest(key.Task, key.Worker, key.Attempt);
        var answer = await server.InsistAsync(
            "tasks.started", request, WireContext.Default.TaskOnWorkerRequest, WireContext.Default.EnvelopeAcknowledgement, OutOfReach, signals.Ending);
        if (answer is Answer<Acknowledgement>.Ok)
            return true;
        console.Say($"task {key.Task}: not started: {Explain(answer)}");
        return false;
    }

    private async Task RunAsync(TaskKey key, TaskSpec spec, TaskLog log)
    {
        var folder = Path.Combine(workRoot, $"{Plain(key.Task)}-{key.Attempt}");
        try
        {
            Directory.CreateDirectory(folder);
            console.Say($"task {key.Task}: attempt {key.Attempt} of {Math.Max(spec.MaxAttempts, key.Attempt)} begins");
            var end = await new TaskRun(server, options, time, pacing, key, log).RunAsync(spec, folder, signals.Ending);
            await ConcludeAsync(key, log, end);
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            await ReportFailureAsync(key, log, $"The command could not be started: {e.Message}");
        }
        finally
        {
            Clean(folder);
        }
    }

    private async Task ConcludeAsync(TaskKey key, TaskLog log, TaskEnd end)
    {
        switch (end)
        {
            case TaskEnd.Exited { Code: 0 }:
                await ReportAsync("tasks.completed", key, log, 0, "completed", "The command ended with exit code 0.");
                break;
            case TaskEnd.Exited exited:
                await ReportAsync("tasks.failed", key, log, exited.Code, $"exit code {exited.Code}", $"The command ended with exit code {exited.Code}.");
                break;
            case TaskEnd.Cancelled:
                console.Say($"task {key.Task}: cancelled or given back, its processes were ended");
                log.Add("[controlplane] this attempt was cancelled and its processes were ended", "warning");
                await log.FlushAsync(OutOfReach, signals.Ending);
                break;
            case TaskEnd.Lost lost:
                console.Say($"task {key.Task}: this attempt no longer counts, its processes were ended: {lost.Why}");
                break;
            case TaskEnd.Interrupted:
                console.Say($"task {key.Task}: interrupted, because this worker ends now");
                log.Add("[controlplane] the worker had to end: the task was interrupted and goes back to its queue", "warning");
                await log.FlushAsync(() => true, signals.Ending);
                break;
        }
    }

    private Task ReportFailureAsync(TaskKey key, TaskLog log, string message)
    {
        log.Add($"[controlplane] {message}", "error");
        return ReportAsync("tasks.failed", key, log, null, "not started", message);
    }

    /// <summary>First the rest of the log, then the result, each until the server has it or has been silent for too long after the task's end.</summary>
    private async Task ReportAsync(string call, TaskKey key, TaskLog log, int? exitCode, string reason, string message)
    {
        console.Say($"task {key.Task}: {message}");
        var ended = time.GetTimestamp();
        bool TooLong() => time.GetElapsedTime(ended) > 2 * options.OrphanTimeout && server.Silence > 2 * options.OrphanTimeout;
        await log.FlushAsync(TooLong, signals.Ending);
        var request = new ResultRequest(key.Task, key.Worker, key.Attempt, exitCode, reason, message, Force: true);
        var answer = await server.InsistAsync(
            call, request, WireContext.Default.ResultRequest, WireContext.Default.EnvelopeAcknowledgement, TooLong, signals.Ending);
        console.Say(answer is Answer<Acknowledgement>.Ok
            ? $"task {key.Task}: result accepted"
            : $"task {key.Task}: result not accepted: {Explain(answer)}");
    }

    private bool OutOfReach() => server.Silence > options.OrphanTimeout;

    private void Clean(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            console.Say($"{folder} could not be deleted: {e.Message}");
        }
    }

    /// <summary>The server's word is not trusted to be a path.</summary>
    private static string Plain(string task) => string.Concat(task.Take(100).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

    private static string Explain<T>(Answer<T> answer) => answer switch
    {
        Answer<T>.Refused refused => refused.Message,
        Answer<T>.Unknown unknown => unknown.Message,
        _ => "the answer holds nothing",
    };
}
