using System.Globalization;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl.Wire;

namespace ControlPlane.Providers.ClearMl;

/// <summary>
/// When each worker last had a task. The times that ClearML keeps of a worker move with each of its reports, idle or not, so they tell nothing of that; the
/// tasks do: those whose status changed since the last look, with the worker that had them. So a task shorter than the pace is seen.
/// </summary>
internal sealed class ClearMlActivity(ClearMlClient client)
{
    private const int RowsAtOnce = 500;
    private const int MostPages = 8;

    /// <summary>Looks overlap by so much: clocks differ, and a row may be written late.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(30);

    /// <summary>How far back the first look goes.</summary>
    private static readonly TimeSpan FirstSpan = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    /// <summary>Tasks that were put into a queue, or taken out of it, tell nothing of a worker.</summary>
    private static readonly string[] Ran = ["in_progress", "stopped", "completed", "failed", "closed", "published", "publishing"];

    private readonly Dictionary<string, DateTimeOffset> _active = new(StringComparer.Ordinal);
    private DateTimeOffset? _readUntil;

    /// <summary>Reads what changed since the last look; <paramref name="asOf"/> is when this one began, by our clock.</summary>
    public async Task ReadAsync(DateTimeOffset asOf, CancellationToken cancel)
    {
        var since = (_readUntil ?? (asOf - FirstSpan)) - Overlap + client.Skew;
        var request = new TaskPageRequest
        {
            Status = Ran,
            StatusChanged = [$">={since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)}"],
            OnlyFields = ["id", "last_worker", "status_changed"],
            OrderBy = ["-status_changed"],
            Page = 0,
            PageSize = RowsAtOnce,
            SearchHidden = await client.VersionAsync(cancel) >= new ClearMlVersion(2, 14) ? true : null,
        };
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await client.CallAsync("tasks.get_all", request with { Page = page }, SourceJson.Default.TaskPageRequest, SourceJson.Default.TaskPage, cancel);
            var rows = answer.Tasks ?? throw new SourceException("The answer of ClearML to tasks.get_all holds no list of tasks.");
            foreach (var row in rows)
            {
                if (row is { LastWorker: { } worker, StatusChanged: { } changed })
                    Note(worker, changed - client.Skew);
            }

            if (rows.Count == 0 || (page == 0 ? rows.Count < 100 : rows.Count < RowsAtOnce))
                break;
        }

        _readUntil = asOf;
        foreach (var old in _active.Where(a => asOf - a.Value > Remembered).Select(a => a.Key).ToArray())
            _active.Remove(old);
    }

    /// <summary>When it last had a task; null if not within the last hour.</summary>
    public DateTimeOffset? Of(string worker) => _active.TryGetValue(worker, out var at) ? at : null;

    /// <summary>It had a task then.</summary>
    public void Note(string worker, DateTimeOffset at)
    {
        if (!_active.TryGetValue(worker, out var known) || at > known)
            _active[worker] = at;
    }
}
