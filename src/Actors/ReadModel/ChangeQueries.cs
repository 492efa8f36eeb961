namespace ControlPlane.Actors.ReadModel;

/// <summary>What a change is about.</summary>
public enum ChangeTopic
{
    /// <summary>An instance's life.</summary>
    Instance,

    /// <summary>A queue's decision.</summary>
    Decision,

    /// <summary>A line of a ledger.</summary>
    Ledger,

    /// <summary>A pool failed, recovered or had no capacity.</summary>
    Pool,

    /// <summary>A configuration came into force.</summary>
    Configuration,

    /// <summary>A machine that nobody knows was ended.</summary>
    Orphan,
}

/// <summary>One event of the journal as people read it.</summary>
public sealed class ChangeRow
{
    /// <summary>Its number in the journal: each is higher than all before.</summary>
    public long Ordering { get; init; }

    public int Topic { get; init; }

    public string? Queue { get; init; }

    /// <summary>The instance, pool, budget or revision.</summary>
    public required string Subject { get; init; }

    public long At { get; init; }

    public required string What { get; init; }

    public required string Sentence { get; init; }
}

/// <summary>All changes in the journal's order, whatever they are about.</summary>
public sealed class ChangeQueries(ReadModelStore store)
{
    private static readonly (ChangeTopic Topic, string Select, bool OfQueue)[] Tables =
    [
        (ChangeTopic.Instance, "ordering AS Ordering, 0 AS Topic, queue AS Queue, instance AS Subject, at AS At, what AS What, sentence AS Sentence FROM instance_history", true),
        (ChangeTopic.Decision, "ordering AS Ordering, 1 AS Topic, queue AS Queue, queue AS Subject, at AS At, rule AS What, sentence AS Sentence FROM decisions", true),
        (ChangeTopic.Ledger, "ordering AS Ordering, 2 AS Topic, queue AS Queue, budget AS Subject, at AS At, kind AS What, sentence AS Sentence FROM ledger_entries", true),
        (ChangeTopic.Pool, "ordering AS Ordering, 3 AS Topic, queue AS Queue, pool AS Subject, at AS At, what AS What, sentence AS Sentence FROM pool_history", true),
        (ChangeTopic.Configuration,
            "ordering AS Ordering, 4 AS Topic, NULL AS Queue, CAST(revision AS TEXT) AS Subject, at AS At, 'applied' AS What, sentence AS Sentence FROM configurations", false),
        (ChangeTopic.Orphan, "ordering AS Ordering, 5 AS Topic, queue AS Queue, instance AS Subject, at AS At, 'reaped' AS What, sentence AS Sentence FROM orphans", true),
    ];

    /// <summary>The changes behind a number of the journal, oldest first. An event that made several lines is one change.</summary>
    /// <param name="after">The last number that is known.</param>
    /// <param name="topics">What they are about; empty for all.</param>
    /// <param name="queue">Only of this queue; null for all.</param>
    /// <param name="most">The most to return.</param>
    /// <param name="cancel">Ends the question.</param>
    public Task<IReadOnlyList<ChangeRow>> SinceAsync(long after, IReadOnlyCollection<ChangeTopic> topics, string? queue, int most, CancellationToken cancel)
    {
        var parts = Tables
            .Where(t => (topics.Count == 0 || topics.Contains(t.Topic)) && (queue is null || t.OfQueue))
            .Select(t => $"SELECT * FROM (SELECT {t.Select} WHERE ordering > @after{(queue is null ? "" : " AND queue = @queue")}{(t.Topic == ChangeTopic.Ledger ? " AND line = 0" : "")} "
                + $"ORDER BY ordering LIMIT @most) AS {t.Topic}")
            .ToList();
        return parts.Count == 0
            ? Task.FromResult<IReadOnlyList<ChangeRow>>([])
            : store.QueryAsync<ChangeRow>($"{string.Join(" UNION ALL ", parts)} ORDER BY Ordering LIMIT @most", new { after, queue, most }, cancel);
    }
}
