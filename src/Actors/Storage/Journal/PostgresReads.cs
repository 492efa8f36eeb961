using System.Threading.Channels;
using Npgsql;

namespace ControlPlane.Actors.Storage.Journal;

/// <summary>
/// Answers questions of recovering entities, many with one query: ten thousand entities that start together ask some hundred times instead of ten thousand.
/// </summary>
internal sealed class PostgresReads<TQuestion, TAnswer> : IAsyncDisposable
{
    private const int MostInQuery = 200;

    private readonly string _source;
    private readonly Func<NpgsqlConnection, IReadOnlyList<TQuestion>, Task<IReadOnlyList<TAnswer>>> _read;
    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>();
    private readonly Task[] _loops;

    /// <param name="source">How to reach the database.</param>
    /// <param name="loops">Queries at the same time.</param>
    /// <param name="read">Answers questions in their order.</param>
    public PostgresReads(string source, int loops, Func<NpgsqlConnection, IReadOnlyList<TQuestion>, Task<IReadOnlyList<TAnswer>>> read)
    {
        _source = source;
        _read = read;
        _loops = [.. Enumerable.Range(0, loops).Select(_ => Task.Run(RunAsync))];
    }

    private sealed record Asked(TQuestion Question, TaskCompletionSource<TAnswer> Done, CancellationToken Cancel);

    public Task<TAnswer> AskAsync(TQuestion question, CancellationToken cancel)
    {
        var done = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _asked.Writer.TryWrite(new Asked(question, done, cancel)) ? done.Task : Task.FromException<TAnswer>(new ObjectDisposedException("The journal"));
    }

    public async ValueTask DisposeAsync()
    {
        _asked.Writer.TryComplete();
        await Task.WhenAll(_loops).ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var group = new List<Asked>();
        while (await _asked.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (group.Count < MostInQuery && _asked.Reader.TryRead(out var asked))
            {
                if (asked.Cancel.IsCancellationRequested)
                    asked.Done.TrySetCanceled(asked.Cancel);
                else
                    group.Add(asked);
            }

            if (group.Count > 0)
                await AnswerAsync(group).ConfigureAwait(false);
            group.Clear();
        }
    }

    private async Task AnswerAsync(List<Asked> group)
    {
        try
        {
            await using var connection = new NpgsqlConnection(_source);
            await connection.OpenAsync().ConfigureAwait(false);
            var answers = await _read(connection, group.ConvertAll(a => a.Question)).ConfigureAwait(false);
            for (var i = 0; i < group.Count; i++)
                group[i].Done.TrySetResult(answers[i]);
        }
        catch (Exception fault)
        {
            // Whoever waits for an answer gets it; the loop goes on for the others.
            group.ForEach(a => a.Done.TrySetException(fault));
        }
    }
}
