using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Storage;

namespace ControlPlane.Providers.Tests.Embedded;

public abstract class EmbeddedSourceTests(DatabaseKind kind)
{
    [Fact]
    public async Task Worker_NamedAfterItsMachine_IsDrainedAndItsTaskGoesBackByThatName()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var worker = new WorkerName("dynamic_worker", "pool-a", "g5.xlarge", "i-0abc").Format();
        var workers = new InstanceWorkers(new InstanceRef(EmbeddedFixture.Instance, "i-0abc"), "pool-a");
        await fixture.SubmitAsync();
        await fixture.SubmitAsync();
        var task = await fixture.ClaimAndStartAsync(worker);
        Assert.Equal((null, "i-0abc"), ((await fixture.ObserveAsync()).Workers[0].Instance, (await fixture.ObserveAsync()).Workers[0].NativeId));

        await fixture.Source.StopFeedingAsync(EmbeddedFixture.Gpu, workers, default);
        Assert.Equal([task.Id], (await fixture.Source.RequeueAsync(EmbeddedFixture.Gpu, workers, RequeueRules.Default, "gone", default)).Requeued);
        Assert.Null(await fixture.ClaimAsync(worker));
        Assert.Empty((await fixture.ObserveAsync()).Workers);
    }

    [Theory]
    [InlineData(true, null, null, "not put back")]
    [InlineData(false, 0, null, "0 times before")]
    [InlineData(false, null, 60, "had run for")]
    public async Task Requeue_TheQueuesRulesForbidIt_FailsTheTaskAndSaysWhy(bool never, int? attempts, int? youngerSeconds, string why)
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        fixture.Clock.Advance(TimeSpan.FromMinutes(2));
        var rules = new RequeueRules(never, attempts, youngerSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        var result = await fixture.Source.RequeueAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, rules, "gone.", default);
        Assert.Equal([id], result.GivenUp);
        Assert.Contains(why, (await fixture.TaskAsync(id)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observe_ShowsWaitingTasksAndWorkers_AndMakesQueuesThatAreNew()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var start = fixture.Clock.GetUtcNow();
        await fixture.SubmitAsync();
        fixture.Clock.Advance(TimeSpan.FromSeconds(30));
        await fixture.SubmitAsync();
        await fixture.Queue.RegisterAsync(EmbeddedFixture.Worker, [fixture.QueueId], null, "10.0.0.1", default);
        await fixture.Queue.RegisterAsync("laptop", [fixture.QueueId], TimeSpan.FromSeconds(5), null, default);
        fixture.Clock.Advance(TimeSpan.FromSeconds(6));

        var observations = await fixture.Source.ObserveAsync([EmbeddedFixture.Gpu, new QueueName("new")], default);

        Assert.Equal(0, Assert.Single(observations, o => o.Queue == new QueueName("new")).Pending);
        var observed = Assert.Single(observations, o => o.Queue == EmbeddedFixture.Gpu);

        Assert.Equal((2, start, fixture.Clock.GetUtcNow()), (observed.Pending, observed.OldestEnqueuedAt, observed.AsOf));
        var worker = Assert.Single(observed.Workers);
        Assert.Equal((EmbeddedFixture.Worker, EmbeddedFixture.Instance, null), (worker.Worker, worker.Instance, worker.LastActivity));
        Assert.Empty(worker.Tasks);
    }

    [Fact]
    public async Task Observe_AfterAShortTask_ShowsWhenTheWorkerLastHadOne()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        fixture.Clock.Advance(TimeSpan.FromSeconds(2));
        await fixture.SucceedAsync(id);
        var ended = fixture.Clock.GetUtcNow();
        fixture.Clock.Advance(TimeSpan.FromSeconds(20));
        await fixture.Queue.ReportAsync(EmbeddedFixture.Worker, null, null, null, default);

        var worker = Assert.Single((await fixture.ObserveAsync()).Workers);

        Assert.Equal((ended, fixture.Clock.GetUtcNow()), (worker.LastActivity, worker.LastSeen));
        Assert.Empty(worker.Tasks);
    }

    [Fact]
    public async Task StopFeeding_StopsEveryWorkerOfTheInstance_EvenOneThatRegistersLater()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        await fixture.SubmitAsync();
        var late = new WorkerName("cp", "pool-a", "process", EmbeddedFixture.Instance, 1).Format();

        Assert.True(await fixture.Source.StopFeedingAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, default));
        Assert.True(await fixture.Source.StopFeedingAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, default));
        await fixture.Queue.RegisterAsync(late, [fixture.QueueId], null, null, default);

        Assert.Null(await fixture.ClaimAsync());
        Assert.Null(await fixture.ClaimAsync(late));
        Assert.True((await fixture.Queue.ReportAsync(late, null, null, null, default)).Draining);
        Assert.NotNull(await fixture.ClaimAsync(EmbeddedFixture.OtherWorker));
    }

    [Fact]
    public async Task StopFeeding_LeavesTheRunningTaskToItsWorker()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();

        await fixture.Source.StopFeedingAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, default);

        Assert.True(await fixture.Queue.PingAsync(id, new TaskSpeaker(EmbeddedFixture.Worker, 1), default));
        Assert.True((await fixture.SucceedAsync(id)).Changed);
    }

    [Fact]
    public async Task Requeue_PutsRunningTasksInFront_Once_WithTheReasonOnRecord()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var first = await fixture.SubmitAsync("first");
        var second = await fixture.SubmitAsync("second");
        await fixture.SubmitAsync("third");
        await fixture.ClaimAndStartAsync();
        await fixture.ClaimAsync(new WorkerName("cp", "pool-a", "process", EmbeddedFixture.Instance, 1).Format());

        var result = await fixture.Source.RequeueAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, RequeueRules.Default, "The machine was preempted.", default);
        var again = await fixture.Source.RequeueAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, RequeueRules.Default, "The machine was preempted.", default);

        Assert.Equal(new HashSet<string> { first, second }, [.. result.Requeued]);
        Assert.Empty(again.Requeued);
        Assert.Equal(["first", "second", "third"], (await fixture.Queue.EntriesAsync(null, default)).Select(entry => entry.TaskName));
        Assert.Equal("The machine was preempted.", (await fixture.TaskAsync(first)).Reason);
        var attempt = Assert.Single(await fixture.AttemptsAsync(first));
        Assert.Equal((AttemptOutcome.Lost, "The machine was preempted.", EmbeddedFixture.Worker), (attempt.Outcome, attempt.Reason, attempt.Worker));
        Assert.Empty((await fixture.ObserveAsync()).Workers);
    }

    [Fact]
    public async Task Requeue_LeavesAloneWhatEndedOrRunsElsewhere()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var ended = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        await fixture.SucceedAsync(ended);
        var elsewhere = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync(EmbeddedFixture.OtherWorker);

        var result = await fixture.Source.RequeueAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, RequeueRules.Default, "gone", default);

        Assert.Empty(result.Requeued);
        Assert.Empty(result.GivenUp);
        Assert.Equal(QueueTaskState.Succeeded, (await fixture.TaskAsync(ended)).State);
        Assert.Equal(QueueTaskState.Running, (await fixture.TaskAsync(elsewhere)).State);
    }

    [Fact]
    public async Task Requeue_WithTheAttemptsUsedUp_FailsTheTaskAndSaysWhy()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync(maxAttempts: 2);
        InstanceId[] instances = [EmbeddedFixture.Instance, new InstanceId("01BX5ZZKBKACTAV9WEVGEMMVRZ")];

        var results = new List<RequeueResult>();
        foreach (var instance in instances)
        {
            await fixture.ClaimAndStartAsync(new WorkerName("cp", "pool-a", "process", instance).Format());
            results.Add(await fixture.Source.RequeueAsync(EmbeddedFixture.Gpu, new InstanceWorkers(new InstanceRef(instance, null), "pool-a"), RequeueRules.Default, "The machine vanished.", default));
        }

        Assert.Equal([id], results[0].Requeued);
        Assert.Equal([id], results[1].GivenUp);
        var task = await fixture.TaskAsync(id);
        Assert.Equal((QueueTaskState.Failed, "The machine vanished. All 2 attempts are used up."), (task.State, task.Reason));
        Assert.Equal([AttemptOutcome.Lost, AttemptOutcome.Lost], (await fixture.AttemptsAsync(id)).Select(attempt => attempt.Outcome));
    }

    [Fact]
    public async Task Requeue_MakesTheOldWorkersWordsWorthless()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        await fixture.Source.RequeueAsync(EmbeddedFixture.Gpu, EmbeddedFixture.Workers, RequeueRules.Default, "gone", default);

        // While it waits, and when another has it.
        Assert.NotNull((await fixture.SucceedAsync(id)).Fault);
        Assert.NotNull((await fixture.Queue.StartedAsync(id, new TaskSpeaker(EmbeddedFixture.Worker, null), default)).Fault);
        Assert.Null(await fixture.ClaimAsync());
        await fixture.ClaimAndStartAsync(EmbeddedFixture.OtherWorker);
        Assert.Equal(QueueFault.NotYours, (await fixture.SucceedAsync(id)).Fault);
        Assert.Equal(QueueFault.NotYours, (await fixture.SucceedAsync(id, EmbeddedFixture.OtherWorker, attempt: 1)).Fault);
        Assert.False(await fixture.Queue.PingAsync(id, new TaskSpeaker(EmbeddedFixture.Worker, 1), default));

        Assert.True((await fixture.SucceedAsync(id, EmbeddedFixture.OtherWorker, attempt: 2)).Changed);
        Assert.Equal([AttemptOutcome.Lost, AttemptOutcome.Succeeded], (await fixture.AttemptsAsync(id)).Select(attempt => attempt.Outcome));
        // A straggler of the ended instance does not come back into sight.
        await fixture.Queue.ReportAsync(EmbeddedFixture.Worker, [fixture.QueueId], null, null, default);
        Assert.Equal([EmbeddedFixture.OtherWorker], (await fixture.ObserveAsync()).Workers.Select(worker => worker.Worker));
    }
}

public sealed class EmbeddedSourceSqliteTests() : EmbeddedSourceTests(DatabaseKind.Sqlite);

public sealed class EmbeddedSourcePostgreSqlTests() : EmbeddedSourceTests(DatabaseKind.PostgreSql);
