using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Storage;

/// <summary>
/// Deletes events of queues and gateways that are older than <see cref="StorageOptions.KeepEvents"/>, as far as a snapshot stands for them and the read model has
/// them: it keeps their history. Ledgers and the catalog keep every event. May run on several nodes at once.
/// </summary>
public sealed partial class JournalRetention(NodeStorage storage, TimeProvider time, ILogger<JournalRetention> log) : BackgroundService
{
    /// <summary>Events that one transaction deletes: few, because entities write to the same tables.</summary>
    private const int MostAtOnce = 500;

    /// <summary>
    /// The event with the number of the snapshot stays, so that the stream's highest number is never forgotten. A projection that has no offset yet has read nothing.
    /// </summary>
    private const string DeleteSome = """
        DELETE FROM journal WHERE ordering IN (
            SELECT j.ordering FROM journal j
            WHERE j.created < @before
              AND (j.persistence_id LIKE 'queue-%' OR j.persistence_id LIKE 'gateway-%')
              AND j.sequence_number < (SELECT MIN(s.sequence_number) FROM snapshot s WHERE s.persistence_id = j.persistence_id)
              AND j.ordering <= (SELECT MIN(o.ordering) FROM projection_offset o)
            ORDER BY j.ordering LIMIT @most)
        """;

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>Deletes what is old enough now.</summary>
    /// <returns>How many events were deleted.</returns>
    public async Task<int> DeleteAsync(CancellationToken cancel)
    {
        var before = (time.GetUtcNow() - storage.Options.KeepEvents).UtcTicks;
        var total = 0;
        while (await DeleteSomeAsync(before, cancel).ConfigureAwait(false) is > 0 and var deleted)
            total += deleted;
        return total;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                if (await DeleteAsync(stoppingToken).ConfigureAwait(false) is > 0 and var deleted)
                    Deleted(log, deleted, storage.Options.KeepEvents);
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // A journal that stays longer than it need be hurts nobody; the next hour tries again.
                Kept(log, fault);
            }
        }
    }

    private async Task<int> DeleteSomeAsync(long before, CancellationToken cancel)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(storage.Options.CallTimeout);
        var turn = storage.Database.Provider == StorageProvider.Sqlite ? storage.Database.WriteTurn : null;
        if (turn is not null)
            await turn.WaitAsync(timeout.Token).ConfigureAwait(false);
        try
        {
            await using var connection = await storage.Database.OpenAsync(timeout.Token).ConfigureAwait(false);
            return await connection.ExecuteAsync(new CommandDefinition(DeleteSome, new { before, most = MostAtOnce }, cancellationToken: timeout.Token)).ConfigureAwait(false);
        }
        finally
        {
            turn?.Release();
        }
    }

    [LoggerMessage(2007, LogLevel.Information, "{Count} events older than {Age} were deleted from the journal; the read model keeps their history")]
    private static partial void Deleted(ILogger log, int count, TimeSpan age);

    [LoggerMessage(2008, LogLevel.Warning, "Old events could not be deleted from the journal")]
    private static partial void Kept(ILogger log, Exception fault);
}
