namespace ControlPlane.Worker;

/// <summary>How a try at a task ended.</summary>
internal abstract record TaskEnd
{
    private TaskEnd()
    {
    }

    /// <summary>Its process came to its own end.</summary>
    internal sealed record Exited(int Code) : TaskEnd;

    /// <summary>The server has ended it already: somebody cancelled it, or it went back to its queue.</summary>
    internal sealed record Cancelled : TaskEnd;

    /// <summary>The server says that this try no longer counts.</summary>
    internal sealed record Lost(string Why) : TaskEnd;

    /// <summary>The worker had to end now: the task is not done, and nobody's fault; it goes back to its queue.</summary>
    internal sealed record Interrupted : TaskEnd;
}

/// <summary>Watches over one running task: passes its output on, keeps the server informed, and ends it when it is told to.</summary>
internal sealed class TaskRun(ServerClient server, WorkerOptions options, TimeProvider time, Pacing pacing, TaskKey key, TaskLog log)
{
    /// <exception cref="System.ComponentModel.Win32Exception">The system cannot start a process.</exception>
    public async Task<TaskEnd> RunAsync(TaskSpec spec, string folder, CancellationToken ending)
    {
        using var task = TaskProcess.Start(spec, key, options.Instance, folder, line => log.Add(line), time);
        using var over = new CancellationTokenSource();
        var pump = log.PumpAsync(over.Token);
        var verdict = WatchAsync(over.Token, ending);
        await Task.WhenAny(task.Exit, verdict);
        // A task that came to its end by itself is done, whatever was wanted of it meanwhile.
        var end = task.Exit.IsCompleted || await verdict is not { } reason ? new TaskEnd.Exited(await task.Exit) : reason;
        if (end is not TaskEnd.Exited)
            await EndAsync(task, end is TaskEnd.Interrupted ? options.StopGrace : options.CancelGrace);
        await task.KillRestAsync();
        await task.Exit;
        await over.CancelAsync();
        await Task.WhenAll(pump, verdict);
        return end;
    }

    /// <summary>Confirms the task again and again. Null when it is over; else why it must be ended.</summary>
    private async Task<TaskEnd?> WatchAsync(CancellationToken over, CancellationToken ending)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over, ending);
        var ping = new TaskOnWorkerRequest(key.Task, key.Worker, key.Attempt);
        while (true)
        {
            await pacing.WaitAsync(options.PingInterval, either.Token);
            if (over.IsCancellationRequested)
                return null;
            if (ending.IsCancellationRequested)
                return new TaskEnd.Interrupted();
            switch (await server.CallAsync(
                "tasks.ping", ping, WireContext.Default.TaskOnWorkerRequest, WireContext.Default.EnvelopePingAnswer, CancellationToken.None))
            {
                case Answer<PingAnswer>.Ok { Data.Cancelled: true }:
                    return new TaskEnd.Cancelled();
                case Answer<PingAnswer>.Refused refused:
                    return new TaskEnd.Lost(refused.Message);
            }
        }
    }

    private async Task EndAsync(TaskProcess task, TimeSpan grace)
    {
        task.Terminate();
        var killTime = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = time.CreateTimer(_ => killTime.TrySetResult(), null, grace, Timeout.InfiniteTimeSpan);
        await Task.WhenAny(task.Exit, killTime.Task);
    }
}
