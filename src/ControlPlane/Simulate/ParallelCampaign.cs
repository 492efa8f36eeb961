using ControlPlane.Simulation.Faults;

namespace ControlPlane.Simulate;

/// <summary>
/// Many runs on several threads. Seeds are begun in their order and each that was begun is brought to its end, so the failure that is told is the one of the lowest
/// seed that fails, for any number of threads.
/// </summary>
internal sealed class ParallelCampaign(FaultPlan plan, Action<CampaignProgress>? progress, CancellationToken cancel)
{
    private readonly Lock _lock = new();
    private CampaignProgress _sum = new(0, TimeSpan.Zero, 0, 0, null);
    private Exception? _fault;
    private long _begun;

    /// <summary>Runs until the plan is done, a promise is broken or it is cancelled.</summary>
    public CampaignProgress Run()
    {
        Thread[] threads = [.. Enumerable.Range(1, plan.Parallel - 1).Select(i => new Thread(Work) { IsBackground = true, Name = $"seeds {i}" })];
        foreach (var thread in threads)
            thread.Start();
        Work();
        foreach (var thread in threads)
            thread.Join();
        return _fault is null ? _sum : throw new InvalidOperationException($"The campaign failed: {_fault.Message}", _fault);
    }

    private void Work()
    {
        try
        {
            while (Next() is { } seed)
                Add(FaultRun.Run(ScenarioMaker.Make(seed)));
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A run tells of its faults by itself: this is one of the scenario's making. It must not end the process from a thread of ours.
            lock (_lock)
                _fault ??= fault;
        }
    }

    private ulong? Next()
    {
        lock (_lock)
        {
            var done = _begun >= plan.Seeds || _sum.Failure is not null || _fault is not null || _sum.Simulated.TotalHours >= plan.Hours || cancel.IsCancellationRequested;
            return done ? null : unchecked(plan.First + (ulong)_begun++);
        }
    }

    private void Add(FaultResult result)
    {
        lock (_lock)
        {
            var failure = result.Violation is null ? null : result;
            var first = _sum.Failure is { } known && (failure is null || Place(known) < Place(failure)) ? known : failure;
            _sum = new CampaignProgress(_sum.Seeds + 1, _sum.Simulated + result.Simulated, _sum.Steps + result.Steps, _sum.Machines + result.Machines, first);
            progress?.Invoke(_sum);
        }
    }

    private ulong Place(FaultResult result) => unchecked(result.Scenario.Seed - plan.First);
}
