using System.ComponentModel;
using System.Diagnostics;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Providers.Calls;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Local;

/// <summary>
/// A provider whose machines are processes of this computer. Everything it knows stands in state folders (<see cref="InstanceFolder"/>) and in
/// <c>/proc</c>; it may die at any point and be started again, or twice, without starting an instance twice or losing one. Linux only.
/// </summary>
public sealed partial class LocalProvider : IComputeProvider, IDisposable
{
    private static readonly TimeSpan _confirmPace = TimeSpan.FromMilliseconds(20);
    private readonly string _name;
    private readonly LocalProviderOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<LocalProvider> _logger;
    private readonly WorkerSpawner _spawner;
    private readonly InstanceSettler _settler;
    private readonly TerminationWatch _watch;

    // Processes of ours that have not confirmed yet: a repeated launch waits for them instead of adding more.
    private readonly Dictionary<string, Process> _unconfirmed = [];

    /// <param name="name">The provider's configured name, for metrics and logs.</param>
    /// <param name="options">Valid settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where launches and ends are told.</param>
    public LocalProvider(string name, LocalProviderOptions options, TimeProvider time, ILogger<LocalProvider> logger)
    {
        _name = name;
        _options = options;
        _time = time;
        _logger = logger;
        _spawner = new WorkerSpawner(options);
        _settler = new InstanceSettler(options, time);
        _watch = new TerminationWatch(_settler, time, logger);
        DurableFile.CreateFolder(options.Root);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LaunchOutcome>> LaunchAsync(LaunchBatch batch, CancellationToken cancel)
    {
        var outcomes = new LaunchOutcome[batch.Intents.Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.ParallelLaunches, CancellationToken = cancel };
        await Parallel.ForAsync(0, outcomes.Length, parallel, async (i, stop) =>
            outcomes[i] = await CallMetrics.MeasureAsync(_time, _name, "launch", () => LaunchAsync(batch.Intents[i], batch, stop), Word));
        return outcomes;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<TerminateOutcome>> TerminateAsync(IReadOnlyList<InstanceRef> instances, CancellationToken cancel) =>
        Task.Run<IReadOnlyList<TerminateOutcome>>(
            () => [.. instances.Select(i => CallMetrics.Measure(_time, _name, "terminate", () => Terminate(i), o => o.Fault?.ToString() ?? "ok"))], cancel);

    /// <inheritdoc/>
    public Task<SweepOutcome> SweepAsync(CancellationToken cancel) =>
        Task.Run(() => CallMetrics.Measure(_time, _name, "sweep", () => Sweep(cancel), o => o is SweepOutcome.Complete ? "ok" : "incomplete"), cancel);

    /// <inheritdoc/>
    public async Task<string?> ReadConsoleAsync(InstanceRef instance, int maxBytes, CancellationToken cancel) =>
        IsPlain(instance.Instance) ? await FolderOf(instance.Instance).ReadConsoleAsync(maxBytes, cancel) : null;

    public void Dispose()
    {
        _watch.Dispose();
    }

    private async Task<LaunchOutcome> LaunchAsync(LaunchIntent intent, LaunchBatch batch, CancellationToken cancel)
    {
        if (batch.Pool.Template is not PoolTemplate.Local template)
            return Misconfigured(intent, $"Pool {batch.Pool.Name} has no local template");
        if (!IsPlain(intent.Instance))
            return Misconfigured(intent, $"'{intent.Instance}' cannot be an instance's id: letters, digits and '-' only, at most 64");
        try
        {
            var record = new LocalIntent(
                intent.Instance.Value, _options.Cluster, intent.Queue.Value, batch.Pool.Name, _time.GetUtcNow(), intent.LeaseUntil);
            var folder = InstanceFolder.Record(_options.Root, record);
            if (folder.ReadIntent() is { } known && known.Cluster != _options.Cluster)
                return Misconfigured(intent, $"{folder.Path} belongs to cluster {known.Cluster}");
            return Known(folder, intent) ?? await StartAsync(folder, intent, batch, template, cancel);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // It may have failed after the start as well as before.
            return new LaunchOutcome.Failed(intent.Instance, ProviderFault.Indeterminate, e.Message);
        }
    }

    private async Task<LaunchOutcome> StartAsync(
        InstanceFolder folder, LaunchIntent intent, LaunchBatch batch, PoolTemplate.Local template, CancellationToken cancel)
    {
        Process process;
        try
        {
            process = Spawn(folder, intent, batch, template);
        }
        catch (Win32Exception e)
        {
            return await NeverStartedAsync(folder, intent, e.Message, cancel);
        }

        var began = _time.GetTimestamp();
        using var timer = new PeriodicTimer(_confirmPace, _time);
        do
        {
            var exited = process.HasExited;
            if (Known(folder, intent) is { } outcome)
            {
                Forget(intent);
                LogLaunched(_logger, intent.Instance, _name, intent.Queue);
                return outcome;
            }

            if (exited)
            {
                Forget(intent);
                // A signal from outside says nothing about the next try.
                return process.ExitCode >= 128
                    ? new LaunchOutcome.Failed(intent.Instance, ProviderFault.Indeterminate, $"a signal ended the starting process ({process.ExitCode})")
                    : await NeverStartedAsync(folder, intent, $"the process ended with code {process.ExitCode} before it became a worker", cancel);
            }
        }
        while (_time.GetElapsedTime(began) < _options.ConfirmTimeout && await timer.WaitForNextTickAsync(cancel));
        return new LaunchOutcome.Failed(
            intent.Instance, ProviderFault.Indeterminate, $"process {process.Id} has not confirmed its start within {_options.ConfirmTimeout}");
    }

    /// <summary>What is known of the intent for certain; null if it may still be started.</summary>
    private static LaunchOutcome? Known(InstanceFolder folder, LaunchIntent intent)
    {
        if (folder.ReadProcess() is { } process)
            return new LaunchOutcome.Launched(intent.Instance, InstanceSettler.NativeId(process), process.StartedAt);
        return folder.ReadEnd() is { } end ? new LaunchOutcome.Failed(intent.Instance, ProviderFault.InsufficientCapacity, end.Message) : null;
    }

    /// <summary>Our process came to nothing. That is final only if no other launch of the same intent got further, which the folder's lock decides.</summary>
    private async Task<LaunchOutcome> NeverStartedAsync(InstanceFolder folder, LaunchIntent intent, string message, CancellationToken cancel)
    {
        var said = await folder.ReadConsoleAsync(1000, cancel);
        var full = string.IsNullOrWhiteSpace(said) ? message : $"{message}: {said.Trim()}";
        var end = folder.TryEnd(ran => ran is null ? new LocalEnd(_time.GetUtcNow(), Requested: false, full) : null);
        if (end is not null && folder.ReadProcess() is null)
            return Misconfigured(intent, end.Message);
        return Known(folder, intent)
            ?? new LaunchOutcome.Failed(intent.Instance, ProviderFault.Indeterminate, "another process is about to become this instance");
    }

    private TerminateOutcome Terminate(InstanceRef instance)
    {
        var accepted = new TerminateOutcome(instance.Instance, null, null);
        if (!IsPlain(instance.Instance) || FolderOf(instance.Instance) is not { Exists: true } folder)
            return accepted;
        try
        {
            if (folder.ReadIntent().Cluster != _options.Cluster || folder.ReadEnd() is not null)
                return accepted;
            folder.RequestTermination(_time.GetUtcNow(), "asked by the control plane");
            if (folder.ReadProcess() is { } process)
                ProcessTable.Terminate(process.Identity);
            _watch.Add(folder);
            LogTerminating(_logger, instance.Instance, _name);
            return accepted;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or Win32Exception)
        {
            return new TerminateOutcome(instance.Instance, ProviderFault.Indeterminate, e.Message);
        }
    }

    private SweepOutcome Sweep(CancellationToken cancel)
    {
        var asOf = _time.GetUtcNow();
        var machines = new List<Machine>();
        var faults = new List<string>();
        try
        {
            var families = InstanceSettler.Families();
            foreach (var path in Directory.EnumerateDirectories(_options.Root))
            {
                cancel.ThrowIfCancellationRequested();
                if (!InstanceFolder.IsHidden(path))
                    See(new InstanceFolder(path), families, machines, faults);
                else if (asOf - Directory.GetLastWriteTimeUtc(path) > _options.Retention)
                    Directory.Delete(path, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add(e.Message);
        }

        return faults.Count == 0
            ? new SweepOutcome.Complete(asOf, machines)
            : new SweepOutcome.Incomplete(asOf, machines, ProviderFault.Indeterminate, string.Join("; ", faults));
    }

    private void See(InstanceFolder folder, ILookup<string, ProcessEntry> families, List<Machine> machines, List<string> faults)
    {
        try
        {
            var intent = folder.ReadIntent();
            if (intent.Instance != folder.Instance)
                throw new InvalidDataException($"{folder.Path} holds the intent of instance {intent.Instance}");
            if (intent.Cluster != _options.Cluster)
                return;
            var machine = _settler.Settle(folder, intent, families);
            if (machine.EndedAt is { } ended && _time.GetUtcNow() - ended > _options.Retention)
                folder.Delete();
            else
                machines.Add(machine);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or Win32Exception)
        {
            // Another node's sweep may have pruned it under our eyes.
            if (folder.Exists)
                faults.Add(e.Message);
        }
    }

    private Process Spawn(InstanceFolder folder, LaunchIntent intent, LaunchBatch batch, PoolTemplate.Local template)
    {
        lock (_unconfirmed)
        {
            return _unconfirmed.TryGetValue(intent.Instance.Value, out var starting)
                ? starting
                : _unconfirmed[intent.Instance.Value] = _spawner.Start(folder, intent, batch, template);
        }
    }

    /// <summary>Not disposed of: another launch of the same intent may be looking at it.</summary>
    private void Forget(LaunchIntent intent)
    {
        lock (_unconfirmed)
            _unconfirmed.Remove(intent.Instance.Value);
    }

    private InstanceFolder FolderOf(InstanceId instance) => new(Path.Combine(_options.Root, instance.Value));

    /// <summary>Whether the id can be a folder's name, whoever made it.</summary>
    private static bool IsPlain(InstanceId instance) =>
        instance.Value.Length is > 0 and <= 64 && instance.Value.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private static LaunchOutcome.Failed Misconfigured(LaunchIntent intent, string message) =>
        new(intent.Instance, ProviderFault.Misconfigured, message);

    private static string Word(LaunchOutcome outcome) => outcome switch
    {
        LaunchOutcome.Launched => "ok",
        LaunchOutcome.Failed f => f.Fault.ToString(),
        _ => throw new UnreachableException($"No word for {outcome.GetType().Name}."),
    };

    [LoggerMessage(4102, LogLevel.Information, "Launched instance {Instance} at provider {Provider} for queue {Queue}")]
    private static partial void LogLaunched(ILogger logger, InstanceId instance, string provider, Domain.Queues.QueueName queue);

    [LoggerMessage(4103, LogLevel.Information, "Ending instance {Instance} at provider {Provider}")]
    private static partial void LogTerminating(ILogger logger, InstanceId instance, string provider);
}
