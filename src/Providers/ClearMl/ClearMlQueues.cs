using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl.Wire;

namespace ControlPlane.Providers.ClearMl;

/// <summary>
/// All queues of a server with what waits in them, page by page. A server gives fewer rows than asked for when its own limit is lower, so a short page is
/// the last one only if pages of that length have been seen to end a list before.
/// </summary>
internal sealed class ClearMlQueues(ClearMlSpec spec, ClearMlClient client)
{
    private const int MostPages = 400;
    private const int MostNamesAtOnce = 50;

    /// <summary>The length up to which a short page is known to be the last.</summary>
    private int _knownShort;
    private int _pageSize = spec.PageSize;

    /// <summary>The queues of these names. What is absent is not at the server.</summary>
    /// <exception cref="SourceException">The list is not whole, or cannot be had.</exception>
    public async Task<Dictionary<QueueName, QueueRow>> ReadAsync(IReadOnlyCollection<QueueName> wanted, CancellationToken cancel)
    {
        var all = await ListAsync(cancel) ?? await ListAsync(cancel)
            ?? throw new SourceException($"The list of queues of ClearML at {spec.Url} changed from page to page while it was read, twice.");
        var found = Choose(wanted, all.Values);
        foreach (var names in wanted.Where(q => !found.ContainsKey(q)).Chunk(MostNamesAtOnce))
        {
            // A queue may have slipped from one page to another while they were read: absence is believed only when it is asked for by name.
            foreach (var (name, row) in Choose(names, await NamedAsync(names, cancel)))
                found[name] = row;
        }

        return found;
    }

    /// <summary>Creates a queue. One that somebody else created meanwhile counts as created.</summary>
    public async Task CreateAsync(QueueName name, CancellationToken cancel)
    {
        try
        {
            await client.CallAsync("queues.create", new QueueCreateRequest { Name = name.Value }, SourceJson.Default.QueueCreateRequest, SourceJson.Default.IdResponse, cancel);
        }
        catch (ClearMlFault fault) when (fault.Code == ClearMlError.ExpectedUniqueData.Code && fault.Subcode == ClearMlError.ExpectedUniqueData.Subcode)
        {
            // It is there now, which is what was wanted.
        }
    }

    /// <summary>The whole list by id; null if rows moved between the pages.</summary>
    private async Task<Dictionary<string, QueueRow>?> ListAsync(CancellationToken cancel)
    {
        var all = new Dictionary<string, QueueRow>(StringComparer.Ordinal);
        var last = 0;
        for (var page = 0; page < MostPages; page++)
        {
            var rows = await PageAsync(null, page, _pageSize, cancel);
            foreach (var row in rows)
            {
                if (row.Id is null || row.Name is null)
                    throw new SourceException($"The list of queues of ClearML at {spec.Url} holds one without id or name.");
                if (!all.TryAdd(row.Id, row))
                    return null;
            }

            if (rows.Count == 0 && page > 0)
            {
                _knownShort = Math.Max(_knownShort, last);
                return all;
            }

            if (page > 0 && last < _pageSize)
            {
                // The page before was no last one: its length is the server's limit.
                _pageSize = last;
                _knownShort = 0;
                if (rows.Count > last)
                    return null;
            }

            if (rows.Count == 0 || (rows.Count < _pageSize && rows.Count <= _knownShort) || (page > 0 && rows.Count < last))
                return all;
            last = rows.Count;
        }

        throw new SourceException($"ClearML at {spec.Url} has more than {MostPages} pages of queues.");
    }

    private async Task<IReadOnlyList<QueueRow>> NamedAsync(IReadOnlyCollection<QueueName> names, CancellationToken cancel)
    {
        var pattern = $"^({string.Join('|', names.Select(n => System.Text.RegularExpressions.Regex.Escape(n.Value)))})$";
        return await PageAsync(pattern, 0, MostNamesAtOnce, cancel);
    }

    private async Task<IReadOnlyList<QueueRow>> PageAsync(string? pattern, int page, int size, CancellationToken cancel)
    {
        var version = await client.VersionAsync(cancel);
        var request = new QueuePageRequest
        {
            Name = pattern,
            OnlyFields = ["id", "name", "entries.added"],
            OrderBy = ["id"],
            Page = page,
            PageSize = size,
            SearchHidden = version >= new ClearMlVersion(2, 21) ? true : null,
        };
        var answer = await client.CallAsync("queues.get_all", request, SourceJson.Default.QueuePageRequest, SourceJson.Default.QueuePage, cancel);
        return answer.Queues ?? throw new SourceException($"The answer of ClearML at {spec.Url} to queues.get_all holds no list of queues.");
    }

    private static Dictionary<QueueName, QueueRow> Choose(IReadOnlyCollection<QueueName> wanted, IEnumerable<QueueRow> rows)
    {
        var names = wanted.ToHashSet();
        var chosen = new Dictionary<QueueName, QueueRow>();
        foreach (var row in rows)
        {
            var name = new QueueName(row.Name ?? "");
            if (row.Id is not null && names.Contains(name))
                chosen[name] = row;
        }

        return chosen;
    }
}
