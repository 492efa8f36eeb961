using System.Collections.Concurrent;
using System.Globalization;

namespace ControlPlane.ClusterTests;

/// <summary>Submits short tasks to all queues, a few each second, at whichever node answers.</summary>
internal sealed class Load(IReadOnlyList<Uri> nodes, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Every task that a node said it has.</summary>
    public ConcurrentBag<string> Submitted { get; } = [];

    /// <summary>Submits until it is cancelled.</summary>
    public async Task RunAsync(int perSecond, CancellationToken cancel)
    {
        using var caller = new Caller(nodes, _random.Next(nodes.Count));
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                await SubmitAsync(caller, [.. Enumerable.Range(0, perSecond).Select(_ => _random.Next(Arena.Queues))], cancel);
                await Task.Delay(1000, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // A batch that was on its way may have been taken: what counts is what a node has confirmed.
        }
    }

    /// <summary>One task to each queue.</summary>
    public async Task EveryQueueAsync()
    {
        using var caller = new Caller(nodes, _random.Next(nodes.Count));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await SubmitAsync(caller, [.. Enumerable.Range(0, Arena.Queues)], limit.Token);
    }

    private async Task SubmitAsync(Caller caller, IReadOnlyList<int> queues, CancellationToken cancel)
    {
        var tasks = queues.Select(q => new { queue = string.Create(CultureInfo.InvariantCulture, $"q{q:000}"), shell = "true", maxAttempts = 10 }).ToArray();
        if (await caller.TryAsync("api/v1/tasks", new { tasks }, cancel) is { } answer && answer["items"] is { } items)
        {
            foreach (var item in items.AsArray())
                Submitted.Add(item!["id"]!.GetValue<string>());
        }
    }
}
