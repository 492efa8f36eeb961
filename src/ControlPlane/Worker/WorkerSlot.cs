using System.Text.RegularExpressions;

namespace ControlPlane.Worker;

/// <summary>One worker as the server sees it: registers, asks for tasks, runs one at a time, and reports what it is doing.</summary>
internal sealed class WorkerSlot(
    ServerClient server, WorkerOptions options, TimeProvider time, Pacing pacing, WorkerConsole console, StopSignals signals, int slot, string workRoot)
{
    private const int RegistrationSeconds = 600;
    private readonly string _name = WorkerNames.Of(options, slot);
    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _queue;
    private volatile string? _task;
    private volatile bool _drained;

    /// <summary>Whether it has a task, or the result of one that the server has not taken yet.</summary>
    public bool Busy => _task is not null;

    /// <summary>Ends when the server knows the worker.</summary>
    public Task Registered => _registered.Task;

    public async Task RunAsync()
    {
        if (!await RegisterAsync(signals.Draining))
            return;
        console.Say($"{_name} serves queue {options.Queue}");
        _registered.TrySetResult();
        using var over = new CancellationTokenSource();
        var reports = ReportAsync(over.Token);
        await ServeAsync();
        await over.CancelAsync();
        await reports;
        await UnregisterAsync();
    }

    private async Task ServeAsync()
    {
        var executor = new TaskExecutor(server, options, time, pacing, console, signals, _name, workRoot);
        var failures = 0;
        while (!signals.Draining.IsCancellationRequested)
        {
            // Never broken off by a stop: a task that was assigned to us in the meantime would be forgotten.
            var answer = _drained ? null : await AskForTaskAsync();
            failures = answer is Answer<NextTaskAnswer>.Unknown ? failures + 1 : 0;
            if (answer is Answer<NextTaskAnswer>.Ok { Data.Entry.Task: { } task })
            {
                _task = task;
                var ran = await executor.ExecuteAsync(task);
                _task = null;
                // The next task at once; but one that the server gives and then denies, it may give again.
                if (ran)
                    continue;
            }
            else if (answer is Answer<NextTaskAnswer>.Refused refused)
            {
                console.Say($"{_name} is not served: {refused.Message}");
                await pacing.WaitAsync(options.RetryMaximum, signals.Draining);
                await RegisterAsync(signals.Draining);
            }

            await pacing.WaitAsync(failures == 0 ? options.PollInterval : pacing.Backoff(failures), signals.Draining);
        }
    }

    private Task<Answer<NextTaskAnswer>> AskForTaskAsync() => server.CallAsync(
        "queues.get_next_task",
        new NextTaskRequest(_queue ?? "", _name),
        WireContext.Default.NextTaskRequest,
        WireContext.Default.EnvelopeNextTaskAnswer,
        CancellationToken.None);

    /// <summary>Finds the queue and registers with it, as often as it takes. False if it was stopped before.</summary>
    private async Task<bool> RegisterAsync(CancellationToken stop)
    {
        string? said = null;
        for (var failures = 1; !stop.IsCancellationRequested; failures++)
        {
            var fault = await TryRegisterAsync();
            if (fault is null)
                return true;
            if (fault != said)
                console.Say($"{_name} cannot register yet: {fault}");
            said = fault;
            await pacing.WaitAsync(pacing.Backoff(failures), stop);
        }

        return false;
    }

    /// <returns>Null if it worked, else what stands in the way.</returns>
    private async Task<string?> TryRegisterAsync()
    {
        // ClearML takes names for patterns.
        var wanted = new QueuesRequest([$"^{Regex.Escape(options.Queue)}$"]);
        var found = await server.CallAsync(
            "queues.get_all", wanted, WireContext.Default.QueuesRequest, WireContext.Default.EnvelopeQueuesAnswer, CancellationToken.None);
        if (found is not Answer<QueuesAnswer>.Ok queues)
            return Fault(found);
        _queue = queues.Data.Queues?.FirstOrDefault(q => q.Name == options.Queue)?.Id;
        if (_queue is null)
            return $"the server has no queue named '{options.Queue}'";
        var request = new RegisterRequest(_name, [_queue], RegistrationSeconds);
        var answer = await server.CallAsync(
            "workers.register", request, WireContext.Default.RegisterRequest, WireContext.Default.EnvelopeAcknowledgement, CancellationToken.None);
        return answer is Answer<Acknowledgement>.Ok ? null : Fault(answer);
    }

    private async Task ReportAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var request = new StatusRequest(_name, time.GetUtcNow().ToUnixTimeMilliseconds(), [_queue ?? ""], _task);
            var answer = await server.CallAsync(
                "workers.status_report", request, WireContext.Default.StatusRequest, WireContext.Default.EnvelopeStatusAnswer, CancellationToken.None);
            if (answer is Answer<StatusAnswer>.Ok ok)
                SetDrained(ok.Data.Draining);
            else if (answer is Answer<StatusAnswer>.Refused && await TryRegisterAsync() is { } fault)
                console.Say($"{_name} is not known to the server any more: {fault}");
            await pacing.WaitAsync(options.ReportInterval, over);
        }
    }

    private void SetDrained(bool drained)
    {
        if (drained != _drained)
            console.Say(drained ? $"{_name} takes no more tasks: the server drains it" : $"{_name} takes tasks again");
        _drained = drained;
    }

    private async Task UnregisterAsync()
    {
        var answer = await server.CallAsync(
            "workers.unregister",
            new UnregisterRequest(_name),
            WireContext.Default.UnregisterRequest,
            WireContext.Default.EnvelopeAcknowledgement,
            CancellationToken.None);
        console.Say(answer is Answer<Acknowledgement>.Ok ? $"{_name} unregistered" : $"{_name} could not unregister: {Fault(answer)}");
    }

    private static string Fault<T>(Answer<T> answer) => answer switch
    {
        Answer<T>.Refused refused => refused.Message,
        Answer<T>.Unknown unknown => unknown.Message,
        _ => "",
    };
}
