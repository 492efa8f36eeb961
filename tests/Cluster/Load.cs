using System.Collections.Concurrent;

namespace ControlPlane.ClusterTests;

/// <summary>Submits short tasks to the queues, a few each second, at whichever node answers.</summary>
internal sealed class Load(IReadOnlyList<Uri> nodes, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Every task that a node said it has.</summary>
    public ConcurrentBag<string> Submitted { get; } = [];

    /// <summary>Submits to queues drawn at random until it is cancelled.</summary>
    public async Task RunAsync(int perSecond, CancellationToken cancel)
    {
        using var caller = new Caller(nodes, _random.Next(nodes.Count));
        try
        {
            while (true)
            {
                await SubmitAsync(caller, [.. Enumerable.Range(0, perSecond).Select(_ => Document.Free[_random.Next(Document.Free.Count)])], cancel);
                await Task.Delay(1000, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // A batch that was on its way may have been taken: what counts is what a node has confirmed.
        }
    }

    /// <summary>One task to each of these queues; asks until a node takes them.</summary>
    public async Task OneEachAsync(IReadOnlyList<string> queues)
    {
        using var caller = new Caller(nodes, _random.Next(nodes.Count));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await SubmitAsync(caller, queues, limit.Token))
            await Task.Delay(250, limit.Token);
    }

    private async Task<bool> SubmitAsync(Caller caller, IReadOnlyList<string> queues, CancellationToken cancel)
    {
        var tasks = queues.Select(queue => new { queue, shell = "true", maxAttempts = 10 }).ToArray();
        if (await caller.TryAsync("api/v1/tasks", new { tasks }, cancel) is not { } answer || answer["items"] is not { } items)
            return false;
        foreach (var item in items.AsArray())
            Submitted.Add(item!["id"]!.GetValue<string>());
        return true;
    }
}
