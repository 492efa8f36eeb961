using System.Text;
using ControlPlane.Providers.Storage;

namespace ControlPlane.Providers.Embedded;

/// <content>The logs of tasks.</content>
public sealed partial class EmbeddedQueue
{
    /// <summary>Appends pieces of log. A piece that is there already, by task, attempt and sequence, changes nothing.</summary>
    public Task<LogResult> AppendLogAsync(IReadOnlyList<LogPiece> pieces, CancellationToken cancel) => database.WriteAsync(
        async session =>
        {
            var (added, refused) = (0, new List<string>());
            foreach (var group in pieces.GroupBy(piece => (piece.Task, piece.Attempt)))
            {
                var row = await FindAsync(session, group.Key.Task);
                var attempt = group.Key.Attempt ?? row?.Attempt ?? 0;
                if (row is null) refused.AddRange(group.Select(_ => $"There is no task with id '{group.Key.Task}'."));
                else if (attempt < 0 || attempt > row.Attempt) refused.AddRange(group.Select(_ => $"Task {row.Id} has no attempt {attempt}."));
                else added += await AppendAsync(session, row, attempt, group);
            }

            return new LogResult(added, refused);
        },
        cancel);

    /// <summary>The log from a place on, in order.</summary>
    /// <remarks><paramref name="after"/>: The last chunk that the caller has; null from the beginning.</remarks>
    public Task<IReadOnlyList<LogChunk>> ReadLogAsync(string id, LogChunk? after, int limit, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<LogChunk>>(
        async session => [.. (await session.QueryAsync<LogRow>(
            """
            SELECT attempt AS Attempt, sequence AS Sequence, text AS Text FROM embedded_log
            WHERE task_id = @id AND (attempt > @attempt OR (attempt = @attempt AND sequence > @sequence)) ORDER BY attempt, sequence LIMIT @limit
            """,
            new { id, attempt = (long)(after?.Attempt ?? -1), sequence = after?.Sequence ?? -1, limit })).Select(row => row.ToChunk())],
        cancel);

    /// <summary>The last chunks of the log, in order; each holds at least one line.</summary>
    public Task<IReadOnlyList<LogChunk>> TailLogAsync(string id, int chunks, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<LogChunk>>(
        async session => [.. (await session.QueryAsync<LogRow>(
            "SELECT attempt AS Attempt, sequence AS Sequence, text AS Text FROM embedded_log WHERE task_id = @id ORDER BY attempt DESC, sequence DESC LIMIT @chunks",
            new { id, chunks })).Reverse().Select(row => row.ToChunk())],
        cancel);

    private async Task<int> AppendAsync(DatabaseSession session, TaskRow row, long attempt, IEnumerable<LogPiece> pieces)
    {
        var now = Now;
        var size = await session.FirstAsync<LogSizeRow>(
            "SELECT bytes AS Bytes, next_sequence AS NextSequence, full_at AS FullAt FROM embedded_log_size WHERE task_id = @id AND attempt = @attempt",
            new { id = row.Id, attempt }) ?? new LogSizeRow();
        var (bytes, next, full, count) = (size.Bytes, size.NextSequence, size.FullAt, 0);
        foreach (var piece in pieces)
        {
            count++;
            var sequence = piece.Sequence ?? next;
            next = Math.Max(next, sequence + 1);
            if (full is not null) continue;

            var text = Lines(piece.Text);
            var length = Encoding.UTF8.GetByteCount(text);
            var fits = bytes + length <= options.LogLimitBytes;
            if (!fits) text = $"[the log reached its limit of {options.LogLimitBytes} bytes; what came later was not kept]\n";
            var inserted = await session.ExecuteAsync(
                "INSERT INTO embedded_log (task_id, attempt, sequence, text, written) VALUES (@id, @attempt, @sequence, @text, @now) ON CONFLICT (task_id, attempt, sequence) DO NOTHING",
                new { id = row.Id, attempt, sequence, text, now });
            if (inserted == 0) continue;
            if (fits) bytes += length;
            else full = now;
        }

        await session.ExecuteAsync(
            """
            INSERT INTO embedded_log_size (task_id, attempt, bytes, next_sequence, full_at) VALUES (@id, @attempt, @bytes, @next, @full)
            ON CONFLICT (task_id, attempt) DO UPDATE SET bytes = excluded.bytes, next_sequence = excluded.next_sequence, full_at = excluded.full_at
            """,
            new { id = row.Id, attempt, bytes, next, full });
        if (attempt == row.Attempt) await session.ExecuteAsync("UPDATE embedded_task SET heard = @now WHERE id = @id AND state = 'running'", new { id = row.Id, now });
        return count;
    }

    /// <summary>Whole lines, and no NUL, which PostgreSQL does not take.</summary>
    private static string Lines(string text)
    {
        var clean = text.Replace('\0', '\uFFFD');
        return clean.EndsWith('\n') ? clean : clean + "\n";
    }

    private sealed class LogRow
    {
        public long Attempt { get; init; }

        public long Sequence { get; init; }

        public string Text { get; init; } = "";

        public LogChunk ToChunk() => new((int)Attempt, Sequence, Text);
    }

    private sealed class LogSizeRow
    {
        public long Bytes { get; init; }

        public long NextSequence { get; init; }

        public long? FullAt { get; init; }
    }
}
