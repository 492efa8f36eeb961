using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl.Wire;

namespace ControlPlane.Providers.ClearMl;

/// <summary>
/// All registered workers, in one request: ClearML does not page them. The server keeps them in memory only, so after its restart it shows none until each
/// has reported again; such an answer is not believed for a while.
/// </summary>
internal sealed class ClearMlWorkers(ClearMlClient client, TimeProvider time)
{
    /// <summary>From how many workers on their disappearance at once is no accident of theirs.</summary>
    private const int Crowd = 3;

    /// <summary>How long it is not believed: longer than workers take to register again.</summary>
    private static readonly TimeSpan Disbelief = TimeSpan.FromMinutes(3);

    private int _seen;
    private DateTimeOffset? _goneSince;

    /// <exception cref="SourceException">The list cannot be had, or all workers have disappeared from it at once.</exception>
    public async Task<IReadOnlyList<WorkerRow>> ReadAsync(CancellationToken cancel)
    {
        // Without the filter: registrations end by themselves, and the default hides those that have not reported for an hour.
        var answer = await client.CallAsync("workers.get_all", new WorkersGetAllRequest { LastSeen = 0 }, SourceJson.Default.WorkersGetAllRequest, SourceJson.Default.WorkerList, cancel);
        var workers = answer.Workers ?? throw new SourceException("The answer of ClearML to workers.get_all holds no list of workers.");
        if (workers.Any(w => string.IsNullOrEmpty(w.Id)))
            throw new SourceException("The list of workers of ClearML holds one without a name.");
        var now = time.GetUtcNow();
        if (workers.Count == 0 && _seen >= Crowd && now - (_goneSince ??= now) < Disbelief)
            throw new SourceException($"ClearML shows no worker at all, and it showed {_seen} before: it was restarted, as it seems. Nothing is decided on that for {Disbelief.TotalMinutes:0} minutes.");
        _goneSince = null;
        _seen = workers.Count;
        return workers;
    }
}
