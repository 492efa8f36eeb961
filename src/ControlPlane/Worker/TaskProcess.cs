using System.Diagnostics;
using ControlPlane.Providers.Local;

namespace ControlPlane.Worker;

/// <summary>One try at a task, on one worker.</summary>
internal sealed record TaskKey(string Task, string Worker, int Attempt);

/// <summary>The processes of one running task: its command in a session of its own, and all that come of it.</summary>
internal sealed class TaskProcess : IDisposable
{
    /// <summary>Marks every process of one try at a task, so that none is left behind.</summary>
    private const string RunVariable = "CONTROLPLANE_RUN";
    private static readonly TimeSpan _killPace = TimeSpan.FromMilliseconds(50);

    // A stopped task's output may be held open by nobody of ours; then its end is not worth waiting for.
    private static readonly TimeSpan _drainLimit = TimeSpan.FromSeconds(2);
    private readonly Process _process;
    private readonly ProcessIdentity? _identity;
    private readonly string _run;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopReading = new();
    private readonly Task _reading;

    private TaskProcess(Process process, string run, Action<string> line, TimeProvider time)
    {
        _process = process;
        _identity = ProcessTable.Identify(process.Id);
        _run = run;
        _time = time;
        process.StandardInput.Close();
        _reading = Task.WhenAll(
            LineSplitter.ReadAsync(process.StandardOutput, line, _stopReading.Token),
            LineSplitter.ReadAsync(process.StandardError, line, _stopReading.Token));
        Exit = WaitAsync();
    }

    /// <summary>The exit code of the task's first process; 128 and the signal's number if a signal ended it.</summary>
    public Task<int> Exit { get; }

    /// <exception cref="System.ComponentModel.Win32Exception">The system cannot start a process.</exception>
    public static TaskProcess Start(TaskSpec spec, TaskKey key, string? instance, string folder, Action<string> line, TimeProvider time)
    {
        // setsid becomes the command, under the same process id, as the leader of a new session.
        var start = new ProcessStartInfo("setsid")
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] command = spec.Shell is { } shell ? ["/bin/sh", "-c", shell] : spec.Command ?? [];
        foreach (var part in command.Prepend("--"))
            start.ArgumentList.Add(part);
        var run = $"{key.Worker}/{key.Task}/{key.Attempt}";
        foreach (var (name, value) in spec.Environment ?? [])
            start.Environment[name] = value;
        start.Environment.Remove(WorkerProgram.TokenVariable);
        start.Environment["CONTROLPLANE_TASK"] = key.Task;
        start.Environment["CONTROLPLANE_ATTEMPT"] = $"{key.Attempt}";
        start.Environment[RunVariable] = run;
        if (instance is not null)
            start.Environment["CONTROLPLANE_INSTANCE"] = instance;
        var process = Process.Start(start) ?? throw new UnreachableException("A new process was asked for, and none was made.");
        return new TaskProcess(process, run, line, time);
    }

    /// <summary>Asks the task's processes to end.</summary>
    public void Terminate()
    {
        if (_identity is not null)
            ProcessTable.Terminate(_identity);
    }

    /// <summary>Ends whatever is left of the task, and reads the rest of its output.</summary>
    public async Task KillRestAsync()
    {
        using var pace = new PeriodicTimer(_killPace, _time);
        // One look may miss a process that becomes another program at the time.
        for (var missed = 0; missed < 2; await pace.WaitForNextTickAsync())
        {
            var rest = Rest();
            ProcessTable.Kill(rest);
            missed = rest.Count == 0 ? missed + 1 : 0;
        }

        using var limit = new CancellationTokenSource(_drainLimit, _time);
        await using var registration = limit.Token.Register(_stopReading.Cancel);
        try
        {
            await _reading;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // What was read until here is the log.
        }
    }

    public void Dispose()
    {
        _process.Dispose();
        _stopReading.Dispose();
    }

    private List<ProcessEntry> Rest() =>
        [.. ProcessTable.Families(RunVariable)[_run].Concat(ProcessTable.All().Where(p => p.Session == _identity?.Pid)).Distinct()];

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }
}
