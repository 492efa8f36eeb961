using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Providers.Tests.ClearMl;

/// <summary>What must hold of the source against everything that speaks ClearML's API: the double, and our own queue.</summary>
public abstract class ClearMlSourceContract : IAsyncLifetime
{
    private static readonly QueueName Gpu = new("gpu");
    private static readonly QueueName Cpu = new("cpu");
    private static readonly InstanceId Id = new("01ARZ3NDEKTSV4RRFFQ69G5FAV");

    private ClearMlApi api = null!;
    private string gpu = "";
    private string cpu = "";

    private static InstanceWorkers Workers { get; } = new(new InstanceRef(Id, "i-0abc"), "pool-a");

    private static string Native { get; } = new WorkerName("dynamic_worker", "pool-a", "g5.xlarge", "i-0abc").Format();

    private static string Other { get; } = new WorkerName("dynamic_worker", "pool-a", "g5.xlarge", "i-0other").Format();

    /// <summary>Starts a server without queues.</summary>
    /// <returns>Its address.</returns>
    protected abstract Task<string> StartAsync();

    protected abstract Task StopAsync();

    public async Task InitializeAsync()
    {
        api = new ClearMlApi(await StartAsync());
        gpu = await api.QueueAsync("gpu");
        cpu = await api.QueueAsync("cpu");
    }

    public async Task DisposeAsync()
    {
        api.Dispose();
        await StopAsync();
    }

    [Fact]
    public async Task Observe_TasksWait_AreCountedWithTheOldest()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-3);
        await api.SubmitAsync(gpu);
        await api.SubmitAsync(gpu);
        using var source = api.Source();

        var looks = await source.ObserveAsync([Gpu, Cpu], default);

        Assert.Equal([(Cpu, 0), (Gpu, 2)], looks.OrderBy(l => l.Queue).Select(l => (l.Queue, l.Pending)));
        Assert.InRange(looks.Single(l => l.Queue == Gpu).OldestEnqueuedAt!.Value, before, DateTimeOffset.UtcNow.AddSeconds(3));
        Assert.Null(looks.Single(l => l.Queue == Cpu).OldestEnqueuedAt);
    }

    [Fact]
    public async Task Observe_QueueThatIsNotThere_IsAbsentAndNotEmpty()
    {
        using var source = api.Source();
        Assert.Equal([Gpu], (await source.ObserveAsync([Gpu, new QueueName("nowhere")], default)).Select(l => l.Queue));
    }

    [Fact]
    public async Task Observe_ToldToCreateMissingQueues_CreatesThem()
    {
        using var source = api.Source(s => s with { CreateMissingQueues = true });
        await source.ObserveAsync([new QueueName("a.b+c")], default);
        Assert.Equal(0, Assert.Single(await source.ObserveAsync([new QueueName("a.b+c")], default)).Pending);
    }

    [Fact]
    public async Task Observe_MoreQueuesThanAPageHas_SeesAll()
    {
        QueueName[] names = [.. Enumerable.Range(0, 10).Select(i => new QueueName($"q{i}"))];
        foreach (var name in names)
            await api.QueueAsync(name.Value);
        using var source = api.Source(s => s with { PageSize = 3 });
        Assert.Equal(names, (await source.ObserveAsync(names, default)).Select(l => l.Queue).Order());
        Assert.Equal(names, (await source.ObserveAsync(names, default)).Select(l => l.Queue).Order());
    }

    [Fact]
    public async Task Observe_Workers_IdleAndBusyWithWhatTheirNamesSay()
    {
        var ours = new WorkerName("cp", "pool-a", "process", Id).Format();
        await api.SubmitAsync(gpu);
        await api.RegisterAsync(ours, gpu);
        await api.RegisterAsync(Native, gpu);
        await api.RegisterAsync("laptop:0", gpu, cpu);
        var task = await api.TakeAsync(Native, gpu);
        using var source = api.Source();

        var looks = await source.ObserveAsync([Gpu, Cpu], default);

        var workers = looks.Single(l => l.Queue == Gpu).Workers.ToDictionary(w => w.Worker);
        Assert.Equal((Id, null), (workers[ours].Instance, workers[ours].NativeId));
        Assert.Equal((null, "i-0abc"), (workers[Native].Instance, workers[Native].NativeId));
        Assert.Equal((null, null), (workers["laptop:0"].Instance, workers["laptop:0"].NativeId));
        Assert.Equal([task], workers[Native].Tasks);
        Assert.Empty(workers[ours].Tasks);
        Assert.All(workers.Values, w => Assert.InRange((DateTimeOffset.UtcNow - w.LastSeen).TotalSeconds, -5, 30));
        Assert.Equal(["laptop:0"], looks.Single(l => l.Queue == Cpu).Workers.Select(w => w.Worker));
    }

    [Fact]
    public async Task Observe_ATaskBetweenTwoLooks_IsActivity()
    {
        await api.RegisterAsync(Native, gpu);
        await api.RegisterAsync(Other, gpu);
        await api.ReportAsync(Native, null, gpu);
        await api.ReportAsync(Other, null, gpu);
        using var source = api.Source();
        Assert.All((await source.ObserveAsync([Gpu], default)).Single().Workers, w => Assert.Null(w.LastActivity));

        await api.SubmitAsync(gpu);
        await api.EndAsync(Native, await api.TakeAsync(Native, gpu), gpu);

        var workers = (await source.ObserveAsync([Gpu], default)).Single().Workers.ToDictionary(w => w.Worker);
        Assert.InRange((DateTimeOffset.UtcNow - workers[Native].LastActivity!.Value).TotalSeconds, -5, 30);
        Assert.Empty(workers[Native].Tasks);
        Assert.Null(workers[Other].LastActivity);
    }

    [Fact]
    public async Task StopFeeding_IsNothingThatClearMlHas()
    {
        using var source = api.Source();
        Assert.False(await source.StopFeedingAsync(Gpu, Workers, default));
    }

    [Fact]
    public async Task Requeue_TheTaskOfALostWorker_GoesToTheFrontOnceAndSaysWhy()
    {
        await api.SubmitAsync(gpu);
        await api.RegisterAsync(Native, gpu);
        var lost = await api.TakeAsync(Native, gpu);
        var waiting = await api.SubmitAsync(gpu);
        using var source = api.Source();

        var result = await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "its provider took it back", default);
        var again = await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "its provider took it back", default);

        Assert.Equal([lost], result.Requeued);
        Assert.Empty(result.GivenUp);
        Assert.Equal((0, 0), (again.Requeued.Count, again.GivenUp.Count));
        Assert.Equal([lost, waiting], await api.EntriesAsync(gpu));
        var task = await api.TaskAsync(lost);
        Assert.Equal("queued", task.GetProperty("status").GetString());
        var comment = task.GetProperty("comment").GetString()!;
        Assert.Contains($"[ControlPlane] requeued {Id} ", comment, StringComparison.Ordinal);
        Assert.Contains("its provider took it back", comment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requeue_ATaskThatEndedOrIsAnothers_IsLeftAlone()
    {
        await api.SubmitAsync(gpu);
        await api.SubmitAsync(gpu);
        await api.RegisterAsync(Native, gpu);
        await api.RegisterAsync(Other, gpu);
        var done = await api.TakeAsync(Native, gpu);
        await api.EndAsync(Native, done, gpu);
        var others = await api.TakeAsync(Other, gpu);
        using var source = api.Source();

        var result = await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default);

        Assert.Equal((0, 0), (result.Requeued.Count, result.GivenUp.Count));
        Assert.Equal("completed", (await api.TaskAsync(done)).GetProperty("status").GetString());
        Assert.Equal("in_progress", (await api.TaskAsync(others)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Requeue_LostAgainAndAgain_OnlyAsOftenAsTheRulesLetIt()
    {
        await api.SubmitAsync(gpu);
        using var source = api.Source();
        var rules = new RequeueRules(Attempts: 2);
        List<int> requeued = [];
        var task = "";
        foreach (var machine in new[] { "i-1", "i-2", "i-3" })
        {
            var worker = new WorkerName("dynamic_worker", "pool-a", "g5.xlarge", machine).Format();
            await api.RegisterAsync(worker, gpu);
            task = await api.TakeAsync(worker, gpu);
            var lost = new InstanceWorkers(new InstanceRef(new InstanceId($"01ARZ3NDEKTSV4RRFFQ69G5FA{machine[^1]}"), machine), "pool-a");
            requeued.Add((await source.RequeueAsync(Gpu, lost, rules, "gone.", default)).Requeued.Count);
        }

        Assert.Equal([1, 1, 0], requeued);
        var end = await api.TaskAsync(task);
        Assert.Equal("failed", end.GetProperty("status").GetString());
        Assert.Contains("2 times before", end.GetProperty("status_message").GetString() + end.GetProperty("status_reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requeue_Forbidden_FailsTheTaskAndSaysWhy()
    {
        await api.SubmitAsync(gpu);
        await api.RegisterAsync(Native, gpu);
        var lost = await api.TakeAsync(Native, gpu);
        using var source = api.Source();

        var result = await source.RequeueAsync(Gpu, Workers, new RequeueRules(Never: true), "its machine is gone.", default);

        Assert.Equal([lost], result.GivenUp);
        Assert.Empty(await api.EntriesAsync(gpu));
        Assert.Equal("failed", (await api.TaskAsync(lost)).GetProperty("status").GetString());
    }
}
