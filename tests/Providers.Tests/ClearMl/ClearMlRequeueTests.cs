using ControlPlane.ClearMlDouble;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Providers.Tests.ClearMl;

/// <summary>The tasks of a lost machine, whatever breaks while they are put back.</summary>
public sealed class ClearMlRequeueTests : IAsyncLifetime
{
    private const string Worker = "dynamic_worker:pool-a:g5.xlarge:i-0abc";

    private static readonly QueueName Gpu = new("gpu");
    private static readonly InstanceWorkers Workers = new(new InstanceRef(new InstanceId("01ARZ3NDEKTSV4RRFFQ69G5FAV"), "i-0abc"), "pool-a");

    private readonly QuickTime time = new();
    private readonly ClearMlServer server;
    private ClearMlApi api = null!;
    private string gpu = "";

    public ClearMlRequeueTests() => server = new ClearMlServer(time);

    private ServerModel Model => server.Model;

    public async Task InitializeAsync()
    {
        await server.StartAsync();
        gpu = Model.AddQueue("gpu").Id;
        api = new ClearMlApi(server.Url);
    }

    public async Task DisposeAsync()
    {
        api.Dispose();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("tasks.update", 1)]
    [InlineData("tasks.update", 2)]
    [InlineData("tasks.reset", 1)]
    [InlineData("tasks.enqueue", 1)]
    [InlineData("queues.move_task_to_front", 1)]
    public async Task Answer_OfACallIsLost_TheNextTryGoesOnFromThereAndItIsPutBackOnce(string call, int which)
    {
        var lost = Run(Worker);
        var waiting = Model.Submit("gpu");
        var seen = 0;
        server.LosesAnswer = c => c == call && ++seen >= which && seen < which + 4;
        using var source = api.Source(time: time);

        await Assert.ThrowsAsync<SourceException>(() => source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default));
        server.LosesAnswer = null;
        await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default);
        await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default);

        Assert.Equal([lost.Id, waiting.Id], Model.QueueNamed("gpu").Entries.Select(e => e.Task));
        Assert.Equal(2, lost.Enqueues);
        Assert.Equal(1, lost.Comment!.Split("[ControlPlane]").Length - 1);
        Assert.Contains("[ControlPlane] requeued", lost.Comment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requeue_KeepsWhatTheUserWroteAndTheModels()
    {
        var lost = Run(Worker);
        lost.Comment = "my best run";
        using var source = api.Source(time: time);
        await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default);
        Assert.StartsWith("my best run\n[ControlPlane] requeued", lost.Comment, StringComparison.Ordinal);
        Assert.Equal(0, lost.ModelsDeleted);
    }

    [Fact]
    public async Task Task_TakenButNotStarted_IsFoundToo()
    {
        var lost = Model.Submit("gpu");
        Model.Register(Worker, [gpu], null, null);
        Model.Next(gpu);
        Model.Report(Worker, lost.Id, [gpu]);
        Assert.Equal("queued", lost.Status);
        using var source = api.Source(time: time);
        Assert.Equal([lost.Id], (await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default)).Requeued);
        Assert.Equal([lost.Id], Model.QueueNamed("gpu").Entries.Select(e => e.Task));
    }

    [Fact]
    public async Task Task_PutBackByAPerson_WaitsWhereItIs()
    {
        var lost = Run(Worker);
        var waiting = Model.Submit("gpu");
        Model.Change(lost, "stopped", false, null, null);
        Model.Enqueue(lost.Id, gpu, null, null);
        Assert.Equal(Worker, lost.LastWorker);
        using var source = api.Source(time: time);
        Assert.Empty((await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default)).Requeued);
        Assert.Equal([waiting.Id, lost.Id], Model.QueueNamed("gpu").Entries.Select(e => e.Task));
    }

    [Fact]
    public async Task Task_TakenByAnotherWhileWeLook_IsLeftAlone()
    {
        var lost = Run(Worker);
        server.Before = call =>
        {
            if (call == "workers.get_all")
            {
                Model.Register("laptop", [gpu], null, null);
                Model.Report("laptop", lost.Id, [gpu]);
            }
        };
        using var source = api.Source(time: time);
        Assert.Empty((await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default)).Requeued);
        Assert.Equal(("in_progress", "laptop"), (lost.Status, lost.LastWorker));
    }

    [Fact]
    public async Task Task_TakenFromTheQueueBeforeItIsAtTheFront_IsNoFault()
    {
        var lost = Run(Worker);
        server.Before = call =>
        {
            if (call == "queues.move_task_to_front")
                Model.Next(gpu);
        };
        using var source = api.Source(time: time);
        Assert.Equal([lost.Id], (await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default)).Requeued);
    }

    [Fact]
    public async Task Names_OfOtherPoolsAndMachines_AreNotOurs()
    {
        var tasks = new[] { "dynamic_worker:pool-b:g5.xlarge:i-0abc", "dynamic_worker:pool-a:g5.xlarge:i-0abcd", "x:dynamic_worker:pool-a:g5.xlarge:i-0abc", "host:gpu0" }.Select(Run).ToArray();
        var gpuAgent = Run($"{Worker}:gpu1");
        using var source = api.Source(time: time);
        var result = await source.RequeueAsync(Gpu, Workers, RequeueRules.Default, "gone", default);
        Assert.Equal([gpuAgent.Id], result.Requeued);
        Assert.All(tasks, t => Assert.Equal("in_progress", t.Status));
    }

    [Fact]
    public async Task Task_HadRunForTooLong_IsFailedAndSaysSo()
    {
        var lost = Run(Worker);
        time.Ahead = TimeSpan.FromHours(7);
        using var source = api.Source(time: time);
        var result = await source.RequeueAsync(Gpu, Workers, new RequeueRules(OnlyYounger: TimeSpan.FromHours(6)), "gone.", default);
        Assert.Equal([lost.Id], result.GivenUp);
        Assert.Equal("failed", lost.Status);
        Assert.Contains("are put back only within 6 h", lost.StatusMessage, StringComparison.Ordinal);
    }

    private ModelTask Run(string worker)
    {
        var task = Model.Submit("gpu");
        Model.Register(worker, [gpu], null, null);
        Model.Next(gpu);
        Model.Report(worker, task.Id, [gpu]);
        Model.Change(task, "in_progress", false, null, null);
        return task;
    }
}
