using System.Collections.Concurrent;
using System.Data.Common;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Storage;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ControlPlane.Providers.Tests.Embedded;

public abstract class EmbeddedQueueTests(DatabaseKind kind)
{
    [Fact]
    public async Task Claim_GivesHighestPriorityThenFirstCome()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        foreach (var (name, priority) in new[] { ("a", 0), ("b", 5), ("c", 0), ("d", 5) }) await fixture.SubmitAsync(name, priority);

        var order = new List<string>();
        for (var i = 0; i < 4; i++) order.Add((await fixture.ClaimAsync($"worker-{i}"))!.Name);

        Assert.Equal(["b", "d", "a", "c"], order);
        Assert.Null(await fixture.ClaimAsync("worker-9"));
    }

    [Fact]
    public async Task Claim_RecordsWorkerAndAttempt_BeforeTheWorkerSaysAnything()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();

        await fixture.ClaimAsync();

        var task = await fixture.TaskAsync(id);
        Assert.Equal((QueueTaskState.Running, 1, EmbeddedFixture.Worker), (task.State, task.Attempt, task.Worker));
        var observed = Assert.Single((await fixture.ObserveAsync()).Workers);
        Assert.Equal([id], observed.Tasks);
        Assert.Equal(EmbeddedFixture.Instance, observed.Instance);
    }

    [Fact]
    public async Task Claim_ByEightAtOnce_GivesEachTaskOnce()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var tasks = Enumerable.Range(0, 200).Select(i => new NewTask { Name = $"t{i}", Queue = EmbeddedFixture.Gpu, Command = ["true"] }).ToList();
        await fixture.Queue.SubmitAsync(tasks, null, "", default);
        // Half of the claimers come through a second process's eyes: their own connection gate on the same file.
        using var secondDatabase = new Database(kind, fixture.ConnectionString);
        var second = new EmbeddedQueue(secondDatabase, new EmbeddedQueueOptions(), fixture.Clock, NullLogger<EmbeddedQueue>.Instance);
        var claimed = new ConcurrentBag<string>();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(claimer => Task.Run(async () =>
        {
            var queue = claimer % 2 == 0 ? fixture.Queue : second;
            var worker = $"worker-{claimer}";
            while ((await queue.ClaimAsync(fixture.QueueId, worker, null, default)).Task is { } task)
            {
                claimed.Add(task.Id);
                var speaker = new TaskSpeaker(worker, task.Attempt);
                Assert.Null((await queue.StartedAsync(task.Id, speaker, default)).Fault);
                Assert.Null((await queue.EndAsync(task.Id, speaker, QueueTaskState.Succeeded, 0, null, null, default)).Fault);
            }
        })));

        Assert.Equal(200, claimed.Count);
        Assert.Equal(200, claimed.Distinct().Count());
        var all = await fixture.Queue.TasksAsync(new TaskFilter { Limit = 1_000 }, default);
        Assert.All(all, task => Assert.Equal((QueueTaskState.Succeeded, 1), (task.State, task.Attempt)));
    }

    [Fact]
    public async Task Claim_RepeatedBeforeStarted_GivesTheSameAttemptAgain()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.SubmitAsync("next");
        await fixture.ClaimAsync();

        var again = await fixture.ClaimAsync();

        Assert.Equal((id, 1), (again!.Id, again.Attempt));
        Assert.Single(await fixture.AttemptsAsync(id));
    }

    [Fact]
    public async Task Claim_ByAWorkerThatForgotItsTask_SendsThatBackFirst()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.SubmitAsync("next");
        await fixture.ClaimAndStartAsync();

        var claimed = await fixture.ClaimAsync();

        Assert.Equal((id, 2), (claimed!.Id, claimed.Attempt));
        var attempts = await fixture.AttemptsAsync(id);
        Assert.Equal(AttemptOutcome.Lost, attempts[0].Outcome);
        Assert.Contains("restarted", attempts[0].Reason, StringComparison.Ordinal);
        Assert.Null(attempts[1].Outcome);
    }

    [Fact]
    public async Task Register_WhileATaskRuns_LeavesItAlone()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();

        Assert.Empty(await fixture.Queue.RegisterAsync(EmbeddedFixture.Worker, [fixture.QueueId], null, null, default));

        Assert.Equal(QueueTaskState.Running, (await fixture.TaskAsync(id)).State);
    }

    [Fact]
    public async Task Unregister_WithATask_SendsItBack()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();

        Assert.True(await fixture.Queue.UnregisterAsync(EmbeddedFixture.Worker, default));
        Assert.False(await fixture.Queue.UnregisterAsync(EmbeddedFixture.Worker, default));

        Assert.Equal(QueueTaskState.Queued, (await fixture.TaskAsync(id)).State);
        Assert.Empty((await fixture.ObserveAsync()).Workers);
    }

    [Fact]
    public async Task Report_Idle_SendsATaskBackOnlyAfterTheGrace()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();

        await fixture.Queue.ReportAsync(EmbeddedFixture.Worker, null, null, null, default);
        Assert.Equal(QueueTaskState.Running, (await fixture.TaskAsync(id)).State);
        fixture.Clock.Advance(fixture.Queue.Options.IdleReportGrace + TimeSpan.FromSeconds(1));
        await fixture.Queue.ReportAsync(EmbeddedFixture.Worker, null, null, null, default);

        var task = await fixture.TaskAsync(id);
        Assert.Equal((QueueTaskState.Queued, "Its worker says that it is idle."), (task.State, task.Reason));
    }

    [Fact]
    public async Task Silence_SendsTasksBack_ButNotForTimeInWhichTheQueueItselfWasDown()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        fixture.Clock.Advance(TimeSpan.FromHours(3));
        using var database = new Database(kind, fixture.ConnectionString);
        var restarted = new EmbeddedQueue(database, new EmbeddedQueueOptions(), fixture.Clock, NullLogger<EmbeddedQueue>.Instance);
        await restarted.InitializeAsync(default);

        Assert.Empty((await restarted.RequeueSilentAsync(default)).Requeued);
        Assert.Equal([id], Assert.Single((await fixture.ObserveAsync()).Workers).Tasks);

        fixture.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal([id], (await restarted.RequeueSilentAsync(default)).Requeued);
        Assert.Empty((await restarted.RequeueSilentAsync(default)).Requeued);
        Assert.Empty((await fixture.ObserveAsync()).Workers);
    }

    [Fact]
    public async Task Silence_OfAPingedTask_IsNone()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();
        fixture.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.True(await fixture.Queue.PingAsync(id, new TaskSpeaker(EmbeddedFixture.Worker, 1), default));
        fixture.Clock.Advance(TimeSpan.FromMinutes(9));

        Assert.Empty((await fixture.Queue.RequeueSilentAsync(default)).Requeued);
    }

    [Fact]
    public async Task UnnamedClaim_IsAdoptedByTheWorkerThatReportsTheTask()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.Queue.ClaimAsync(fixture.QueueId, null, null, default);

        await fixture.Queue.ReportAsync("stock-agent", [fixture.QueueId], id, null, default);

        Assert.Equal("stock-agent", (await fixture.TaskAsync(id)).Worker);
        Assert.Equal("stock-agent", (await fixture.AttemptsAsync(id))[0].Worker);
        var late = await fixture.SucceedAsync(id, "another");
        Assert.Equal(QueueFault.NotYours, late.Fault);
    }

    [Fact]
    public async Task Cancel_WhileRunning_TellsTheWorkerAndRefusesItsResult()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();

        Assert.True((await fixture.Queue.CancelAsync(id, "enough", default)).Changed);
        Assert.False((await fixture.Queue.CancelAsync(id, "enough", default)).Changed);

        Assert.False(await fixture.Queue.PingAsync(id, new TaskSpeaker(EmbeddedFixture.Worker, 1), default));
        Assert.True((await fixture.Queue.ReportAsync(EmbeddedFixture.Worker, null, id, null, default)).TaskTaken);
        Assert.Equal(QueueFault.WrongState, (await fixture.SucceedAsync(id)).Fault);
        Assert.Equal(QueueTaskState.Cancelled, (await fixture.TaskAsync(id)).State);
        Assert.Equal(AttemptOutcome.Cancelled, (await fixture.AttemptsAsync(id))[0].Outcome);
    }

    [Fact]
    public async Task End_Repeated_ChangesNothing_AndContradictedIsRefused()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync();
        await fixture.ClaimAndStartAsync();

        Assert.True((await fixture.SucceedAsync(id, attempt: 1)).Changed);
        var repeated = await fixture.SucceedAsync(id, attempt: 1);
        var contradicted = await fixture.Queue.EndAsync(id, new TaskSpeaker(EmbeddedFixture.Worker, 1), QueueTaskState.Failed, 1, null, null, default);

        Assert.Equal((false, null), (repeated.Changed, repeated.Fault));
        Assert.Equal(QueueFault.WrongState, contradicted.Fault);
        var task = await fixture.TaskAsync(id);
        Assert.Equal((QueueTaskState.Succeeded, 0), (task.State, task.ExitCode));
    }

    [Fact]
    public async Task Reset_AndEnqueue_CountAttemptsAnewAndKeepTheOldOnes()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        var id = await fixture.SubmitAsync(maxAttempts: 1);
        await fixture.ClaimAndStartAsync();
        await fixture.Queue.EndAsync(id, TaskSpeaker.Unknown, QueueTaskState.Failed, 2, "exit code 2", null, default);

        Assert.True((await fixture.Queue.ResetAsync(id, force: false, default)).Changed);
        Assert.True((await fixture.Queue.EnqueueAsync(id, fixture.QueueId, default)).Changed);
        Assert.Equal(QueueFault.AlreadyQueued, (await fixture.Queue.EnqueueAsync(id, fixture.QueueId, default)).Fault);
        await fixture.ClaimAndStartAsync();

        Assert.Equal([AttemptOutcome.Failed, null], (await fixture.AttemptsAsync(id)).Select(attempt => attempt.Outcome));
        Assert.Equal(2, (await fixture.TaskAsync(id)).Attempt);
    }

    [Fact]
    public async Task Submit_WithAKey_MakesItOnce()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        NewTask[] tasks = [new() { Name = "a", Queue = EmbeddedFixture.Gpu, Command = ["true"] }];

        var first = await fixture.Queue.SubmitAsync(tasks, "key", "digest", default);
        var second = await fixture.Queue.SubmitAsync(tasks, "key", "digest", default);
        var other = await fixture.Queue.SubmitAsync(tasks, "key", "other digest", default);

        Assert.Equal(first.Tasks[0].Id, second.Tasks[0].Id);
        Assert.True(second.Repeated);
        Assert.True(other.KeyReused);
        Assert.Single(await fixture.Queue.TasksAsync(new TaskFilter(), default));
        fixture.Clock.Advance(TimeSpan.FromHours(25));
        Assert.False((await fixture.Queue.SubmitAsync(tasks, "key", "digest", default)).Repeated);
    }

    [Fact]
    public async Task Submit_ToAnUnknownQueue_MakesNothing()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        NewTask[] tasks = [new() { Name = "a", Queue = EmbeddedFixture.Gpu, Command = ["true"] }, new() { Name = "b", Queue = new QueueName("gup"), Command = ["true"] }];

        var submission = await fixture.Queue.SubmitAsync(tasks, null, "", default);

        Assert.Equal([new QueueName("gup")], submission.UnknownQueues);
        Assert.Empty(await fixture.Queue.TasksAsync(new TaskFilter(), default));
    }

    [Fact]
    public async Task Initialize_OnANewerSchema_RefusesAndSaysSo()
    {
        await using var fixture = await EmbeddedFixture.StartAsync(kind);
        await fixture.Queue.InitializeAsync(default);
        await using (DbConnection connection = kind == DatabaseKind.Sqlite ? new SqliteConnection(fixture.ConnectionString) : new NpgsqlConnection(fixture.ConnectionString)) await connection.ExecuteAsync("UPDATE schema_version SET version = 99");

        var error = await Assert.ThrowsAsync<DatabaseSchemaException>(() => fixture.Queue.InitializeAsync(default));

        Assert.Contains("schema 99 of 'embedded-queue'", error.Message, StringComparison.Ordinal);
    }
}

public sealed class EmbeddedQueueSqliteTests() : EmbeddedQueueTests(DatabaseKind.Sqlite);

public sealed class EmbeddedQueuePostgreSqlTests() : EmbeddedQueueTests(DatabaseKind.PostgreSql);
