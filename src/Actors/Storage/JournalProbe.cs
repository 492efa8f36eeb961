using Dapper;
using Microsoft.Extensions.Hosting;

namespace ControlPlane.Actors.Storage;

/// <summary>
/// Writes one small row now and then, so that a disk that is full or a server that is gone is known before an entity needs it, and its return is known too.
/// </summary>
public sealed class JournalProbe(NodeStorage storage, JournalHealth health, TimeProvider time) : BackgroundService
{
    private const string Upsert = "INSERT INTO journal_probe (id, at) VALUES (1, @at) ON CONFLICT (id) DO UPDATE SET at = excluded.at";

    /// <summary>Tries the journal once and records what came of it.</summary>
    public async Task ProbeAsync(CancellationToken cancel)
    {
        try
        {
            if (LowDisk() is { } reason)
                health.Failed(reason);
            else
                await WriteAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // Whatever the fault is, it is the news that the probe is for.
            health.Failed(fault);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(storage.Options.ProbeInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            await ProbeAsync(stoppingToken).ConfigureAwait(false);
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        var at = time.GetUtcNow().UtcTicks;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(storage.Options.CallTimeout);
        if (storage.Events is { } events)
        {
            await events.ProbeAsync(at, timeout.Token).WaitAsync(timeout.Token).ConfigureAwait(false);
        }
        else
        {
            await using var connection = await storage.Database.OpenAsync(timeout.Token).ConfigureAwait(false);
            await connection.ExecuteAsync(new CommandDefinition(Upsert, new { at }, cancellationToken: timeout.Token)).ConfigureAwait(false);
        }

        health.Succeeded();
    }

    private string? LowDisk()
    {
        var options = storage.Options;
        if (options.Provider != StorageProvider.Sqlite)
            return null;
        var free = new DriveInfo(System.IO.Path.GetFullPath(options.Path)).AvailableFreeSpace;
        return free < options.MinFreeDiskBytes
            ? $"The disk of {options.Path} has {free >> 20} MiB left, less than the {options.MinFreeDiskBytes >> 20} MiB of {StorageOptions.Section}:{nameof(StorageOptions.MinFreeDiskBytes)}."
            : null;
    }
}
