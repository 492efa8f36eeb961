using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using ControlPlane.Benchmarks.Queues;

namespace ControlPlane.Benchmarks.Cluster;

/// <summary>
/// Asks every queue's scaler over the API until each has answered. A question to a queue whose node is gone is dropped after a moment and asked again: few of them are
/// open at a time, so that the nodes are not kept busy by questions, and many as soon as they are answered.
/// </summary>
internal sealed class QueueProbe(IReadOnlyList<ClusterNode> nodes, BenchCluster cluster, int queues, int instancesEach)
{
    private const int FirstAtOnce = 512;
    private const int AtOnce = 64;

    private static readonly TimeSpan FirstTry = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Try = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private int _turn;

    /// <param name="since">The moment from which seconds are counted.</param>
    /// <param name="patience">After which it gives up.</param>
    /// <returns>When each queue answered, of all and of those that did not at the first question.</returns>
    public async Task<(IReadOnlyList<double> All, IReadOnlyList<double> Silent)> AskAsync(long since, TimeSpan patience)
    {
        var answered = new double[queues];
        var silent = new ConcurrentQueue<int>();
        await Parallel.ForAsync(0, queues, new ParallelOptions { MaxDegreeOfParallelism = FirstAtOnce }, async (queue, _) =>
        {
            if (await AnswersAsync(queue, FirstTry))
                answered[queue] = Stopwatch.GetElapsedTime(since).TotalSeconds;
            else
                silent.Enqueue(queue);
        });
        int[] lost = [.. silent];
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (silent.TryDequeue(out var queue))
            {
                if (await AnswersAsync(queue, Try))
                    answered[queue] = Stopwatch.GetElapsedTime(since).TotalSeconds;
                else if (Stopwatch.GetElapsedTime(since) < patience)
                    silent.Enqueue(queue);
                else
                    throw new InvalidOperationException($"{BenchWorld.NameOf(queue)} did not answer for {patience.TotalSeconds} s.");
            }
        })));
        return ([.. answered.Order()], [.. lost.Select(q => answered[q]).Order()]);
    }

    private async Task<bool> AnswersAsync(int queue, TimeSpan limit)
    {
        using var cancel = new CancellationTokenSource(limit);
        try
        {
            var node = nodes[(int)((uint)Interlocked.Increment(ref _turn) % nodes.Count)];
            using var answer = await node.Api.GetAsync(new Uri($"api/v1/queues/{BenchWorld.NameOf(queue).Value}", UriKind.Relative), cancel.Token);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                if (cluster.HasInstances(queue))
                    Check(queue, await answer.Content.ReadAsStringAsync(cancel.Token));
                return true;
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            if (cancel.IsCancellationRequested)
                return false;
        }

        await Task.Delay(Pause);
        return false;
    }

    private void Check(int queue, string answer)
    {
        using var document = JsonDocument.Parse(answer);
        var instances = document.RootElement.GetProperty("instances").GetArrayLength();
        if (instances != instancesEach)
            throw new InvalidOperationException($"{BenchWorld.NameOf(queue)} has {instances} instances of {instancesEach}.");
    }
}
