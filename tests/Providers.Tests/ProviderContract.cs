using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Tests;

/// <summary>What every provider promises, whatever its platform. A provider's tests inherit it and say how to reach their platform.</summary>
public abstract class ProviderContract
{
    private static int _ids;

    /// <summary>A provider as a node has it after its start; each call is another node's, or the same node's after a crash.</summary>
    protected abstract IComputeProvider Connect();

    /// <summary>What the platform's pools need to know.</summary>
    protected abstract PoolTemplate Template { get; }

    /// <summary>An offer that the platform has capacity for.</summary>
    protected abstract Offer Offer { get; }

    /// <summary>How long a machine may take to appear or to end.</summary>
    protected virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    protected static QueueName Queue { get; } = new("training");

    [Fact]
    public async Task Launch_OfABatch_AnswersForEachInOrderAndTheSweepShowsThem()
    {
        var provider = Connect();
        var batch = Batch(NewId(), NewId(), NewId());

        var outcomes = await provider.LaunchAsync(batch, CancellationToken.None);

        Assert.Equal(batch.Intents.Select(i => i.Instance), outcomes.Select(o => o.Instance));
        var launched = outcomes.Select(o => Assert.IsType<LaunchOutcome.Launched>(o)).ToList();
        var machines = await SweepAsync(provider);
        Assert.Equal(
            launched.Select(l => (l.Instance, l.NativeId, Queue, (DateTimeOffset?)l.StartedAt)).OrderBy(l => l.Instance),
            machines.Select(m => (m.Instance, m.NativeId, m.Queue, m.StartedAt)).OrderBy(m => m.Instance));
        Assert.All(machines, m => Assert.True(m.State is MachineState.Pending or MachineState.Running));
        Assert.All(machines, m => Assert.Null(m.EndedAt));
    }

    [Fact]
    public async Task Launch_Repeated_StartsNothingNewAndAnswersTheSame()
    {
        var provider = Connect();
        var batch = Batch(NewId());

        var first = await provider.LaunchAsync(batch, CancellationToken.None);
        var again = await provider.LaunchAsync(batch, CancellationToken.None);
        var afterCrash = await Connect().LaunchAsync(batch, CancellationToken.None);

        Assert.IsType<LaunchOutcome.Launched>(Assert.Single(first));
        Assert.Equal(first, again);
        Assert.Equal(first, afterCrash);
        Assert.Single(await SweepAsync(provider));
    }

    [Fact]
    public async Task Launch_AtOnceFromTwoNodes_StartsOne()
    {
        var batch = Batch(NewId());
        var nodes = new[] { Connect(), Connect(), Connect() };

        await Task.WhenAll(nodes.Select(n => n.LaunchAsync(batch, CancellationToken.None)));

        // A node may have had to answer "indeterminate"; asked again, all agree.
        var answers = await Task.WhenAll(nodes.Select(n => n.LaunchAsync(batch, CancellationToken.None)));
        Assert.Single(answers.Select(a => Assert.IsType<LaunchOutcome.Launched>(a[0])).Distinct());
        Assert.Single(await SweepAsync(nodes[0]));
    }

    [Fact]
    public async Task Terminate_OfALaunchedInstance_EndsItOnce()
    {
        var provider = Connect();
        var batch = Batch(NewId());
        var reference = new InstanceRef(batch.Intents[0].Instance, null);
        await provider.LaunchAsync(batch, CancellationToken.None);

        var first = Assert.Single(await provider.TerminateAsync([reference], CancellationToken.None));
        var again = Assert.Single(await Connect().TerminateAsync([reference], CancellationToken.None));

        Assert.Null(first.Fault);
        Assert.Null(again.Fault);
        var ended = await EndedAsync(provider, reference.Instance);
        Assert.Equal(MachineEnd.Requested, ended.End);
        Assert.True(ended.EndedAt >= ended.StartedAt);
        Assert.Null(Assert.Single(await provider.TerminateAsync([reference], CancellationToken.None)).Fault);
        Assert.Equal(ended, await EndedAsync(Connect(), reference.Instance));
    }

    [Fact]
    public async Task Launch_RepeatedAfterTheEnd_StartsNothing()
    {
        var provider = Connect();
        var batch = Batch(NewId());
        var instance = batch.Intents[0].Instance;
        await provider.LaunchAsync(batch, CancellationToken.None);
        await provider.TerminateAsync([new InstanceRef(instance, null)], CancellationToken.None);
        var ended = await EndedAsync(provider, instance);

        await provider.LaunchAsync(batch, CancellationToken.None);

        Assert.Equal(ended, await EndedAsync(provider, instance));
    }

    [Fact]
    public async Task Terminate_OfAnInstanceThatNobodyKnows_IsAccepted()
    {
        var unknown = new InstanceRef(NewId(), null);

        var outcome = Assert.Single(await Connect().TerminateAsync([unknown], CancellationToken.None));

        Assert.Equal(new TerminateOutcome(unknown.Instance, null, null), outcome);
    }

    [Fact]
    public async Task ReadConsole_OfAnInstanceThatNobodyKnows_IsNull() =>
        Assert.Null(await Connect().ReadConsoleAsync(new InstanceRef(NewId(), null), 1000, CancellationToken.None));

    protected static InstanceId NewId() => new($"01TEST{Environment.ProcessId:D10}{Interlocked.Increment(ref _ids):D10}");

    protected LaunchBatch Batch(params InstanceId[] instances)
    {
        var pool = new PoolSpec { Name = "small", Provider = "contract", MaxInstances = 10, Offers = [Offer], Template = Template };
        return new LaunchBatch($"token-{instances[0]}", Offer, pool, [.. instances.Select(i => new LaunchIntent(i, Queue, DateTimeOffset.UnixEpoch))]);
    }

    protected static async Task<IReadOnlyList<Machine>> SweepAsync(IComputeProvider provider) =>
        Assert.IsType<SweepOutcome.Complete>(await provider.SweepAsync(CancellationToken.None)).Machines;

    protected Task<Machine> EndedAsync(IComputeProvider provider, InstanceId instance) => SeenAsync(provider, instance, MachineState.Ended);

    protected Task<Machine> SeenAsync(IComputeProvider provider, InstanceId instance, MachineState state) => Eventually.SeeAsync(
        async () => (await SweepAsync(provider)).SingleOrDefault(m => m.Instance == instance && m.State == state), Patience, $"{instance} {state}");
}
