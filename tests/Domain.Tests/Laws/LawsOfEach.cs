using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;
using CsCheck;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Laws;

public sealed class LedgerLaws : DeciderLaws<LedgerDecider, LedgerState, LedgerCommand, LedgerEvent, LedgerEffect>
{
    private protected override LedgerCommand Tick => new LedgerCommand.Tick();

    private protected override Gen<Func<LedgerState, DateTimeOffset, LedgerCommand>> Commands => Gen.Select(Gen.Int[0, 9], Gen.Int[1, 8], Gen.Int[0, 3])
        .Select((kind, n, x) => (Func<LedgerState, DateTimeOffset, LedgerCommand>)((state, now) => kind switch
        {
            0 => new LedgerCommand.Configure(Tree(x), n),
            <= 3 => new LedgerCommand.Reserve(Request(n, x == 0 ? "lab" : "team", minutes: 1 + (x * 7), priority: n % 2, gpus: x)),
            <= 6 => new LedgerCommand.Renew(
                Id(n), Queue, state.Leases.GetValueOrDefault(Id(n))?.Until ?? now, x == 0 ? null : Now.AddMinutes(n), x == 1 ? null : Now.AddMinutes(n), HourlyRate.FromDollars(x / 3m)),
            <= 8 => new LedgerCommand.Settle(Id(n), Queue, x == 0 ? null : Now.AddMinutes(n), x == 0 ? null : now.AddMinutes(x - 2), HourlyRate.FromDollars(x / 3m)),
            _ => new LedgerCommand.Tick(),
        }));

    private static BudgetSpec[] Tree(int variant) => variant switch
    {
        0 => [Spec("org", 1, BudgetWindow.Day), Spec("team", 0.4m, BudgetWindow.Hour, "org") with { AlertAt = [10, 50] }, Spec("lab", parent: "org")],
        1 => [Spec("org", 1, BudgetWindow.Hour) with { TimeZone = "Asia/Kathmandu" }, Spec("team", parent: "org") with { MaxInstances = 2 }],
        2 => [Spec("org", 0.5m), Spec("team", 0.4m, BudgetWindow.Hour, "lab"), Spec("lab", 0.5m, BudgetWindow.Hour, "org") with { MaxGpus = 4 }],
        _ => [Spec("team", 0.3m, BudgetWindow.Week), Spec("lab", parent: "team")],
    };
}

public sealed class ScalerLaws : DeciderLaws<ScalerDecider, ScalerState, ScalerCommand, ScalerEvent, ScalerEffect>
{
    private protected override ScalerCommand Tick => new ScalerCommand.Tick();

    private protected override Gen<Func<ScalerState, DateTimeOffset, ScalerCommand>> Commands => Gen.Select(Gen.Int[0, 17], Gen.Int[0, 5], Gen.Int[0, 5])
        .Select((kind, n, x) => (Func<ScalerState, DateTimeOffset, ScalerCommand>)((state, now) =>
        {
            var instance = state.Instances.Count == 0 ? Instance() : state.Instances.Values.ElementAt(n % state.Instances.Count);
            return kind switch
            {
                0 => new ScalerCommand.Configure(QueueSpecs(x), n + 1),
                1 => n == 0 ? new ScalerCommand.Retire(x) : new ScalerCommand.DrainAll("ann"),
                2 => new ScalerCommand.Leave(instance.Id, x % 2 == 0, "ann"),
                3 => new ScalerCommand.ResetPool(x % 2 == 0 ? "gpu" : "cpu", "ann"),
                4 => new ScalerCommand.PolicyAnswered(state.PolicyAskedFor ?? now, x == 0 ? null : new ScalingAdvice(x - 1, "it says so"), x == 0 ? "it threw" : null),
                <= 7 => new ScalerCommand.Observe(Look(state, now, n, x)),
                8 => new ScalerCommand.Sweep("cloud", now, x > 0, Seconds(30), Machines(state, now, n, x)),
                <= 14 => new ScalerCommand.ForInstance(instance.Id, ForInstance(instance, now, n, x)),
                16 => new ScalerCommand.Adopt(x == 0 ? ["i-foreign"] : [], "ann"),
                15 => new ScalerCommand.AskBootstrap([Id(98), instance.Id], x == 0 ? "stranger" : instance.NativeId ?? "m", $"claim {n % 2}"),
                _ => new ScalerCommand.Tick(),
            };
        }));

    internal static InstanceCommand ForInstance(InstanceState instance, DateTimeOffset now, int n, int x) => (n, x) switch
    {
        (0, 0) => new InstanceCommand.LeaseAnswered(new LeaseAnswer.Waiting(Denied(ends: now.AddMinutes(n)))),
        (0, 1) => new InstanceCommand.LeaseAnswered(new LeaseAnswer.Impossible("it is larger than the limit")),
        (0, 2) => new InstanceCommand.LeaseAnswered(new LeaseAnswer.Denied(Denied(), WhenDry.Drain, instance.LeaseUntil ?? now)),
        (0, _) => new InstanceCommand.LeaseAnswered(new LeaseAnswer.Settled()),
        (1 or 2, _) => new InstanceCommand.LeaseAnswered(new LeaseAnswer.Granted(now.AddMinutes(10))),
        (3, 0) => new InstanceCommand.LaunchAnswered(instance.Attempt, new LaunchOutcome.Failed(instance.Id, ProviderFault.InsufficientCapacity, "none left")),
        (3, 1) => new InstanceCommand.LaunchAnswered(instance.Attempt, new LaunchOutcome.Failed(instance.Id, ProviderFault.Misconfigured, "no such image")),
        (3, _) => new InstanceCommand.LaunchAnswered(instance.Attempt, new LaunchOutcome.Launched(instance.Id, "m", now)),
        (4, 0) => new InstanceCommand.TasksReturned(RequeueResult.Nothing),
        (4, 1) => new InstanceCommand.FeedingStopped(true),
        (4, 2) => new InstanceCommand.FeedingStopped(false),
        (4, _) => new InstanceCommand.WorkersSeen([new WorkerObservation("w", instance.Id, x == 3 ? ["t"] : [], now, null)], now),
        (_, 0) => new InstanceCommand.Terminate(Outcome.Operator, "ann asked"),
        (_, 1) => new InstanceCommand.Drain(Outcome.Policy, "not needed"),
        (_, 2) => new InstanceCommand.MachineAbsent(now, Seconds(30)),
        _ => new InstanceCommand.Tick(),
    };

    private static QueueSpec QueueSpecs(int variant) => variant switch
    {
        0 => QueueOf(Pool("gpu", 2, offers: [Offer(), Offer(zone: "b")]) with { Bootstrap = new BootstrapSpec() }, Pool("cpu", 3)),
        1 => QueueOf(Pool("gpu", 2) with { Bootstrap = new BootstrapSpec() }) with { Policy = new PolicySpec.Plugin("My.Policy") },
        2 => QueueOf(Pool("gpu", 2), Pool("cpu", 3)) with { MinInstances = 2, MaxIdleTime = Minutes(1) },
        3 => QueueOf(Pool("gpu", 4, slots: 2) with { Bootstrap = new BootstrapSpec() }) with { Paused = true },
        _ => QueueOf(Pool("gpu", 2, revision: "r2") with { MaxBootTime = Minutes(2) }, Pool("cpu", 1)),
    };

    private static QueueObservation Look(ScalerState state, DateTimeOffset now, int n, int x) => new(Queue, now, n, n == 0 ? null : now.AddMinutes(-n),
    [
        .. state.Instances.Values.Where(i => i.StartedAt is not null && i.Phase != Phase.Ended)
            .Select((i, k) => new WorkerObservation($"w{k}", i.Id, (k + x) % 2 == 0 ? [$"t{k}"] : [], now.AddMinutes(x == 5 ? -10 : 0), null)),
        new WorkerObservation("foreign", null, x == 0 ? [] : ["f"], now, null),
        new WorkerObservation($"p:{(x == 1 ? "gpu" : "other")}:g5.xlarge:i-foreign", null, x == 2 ? ["g"] : [], now, null, "i-foreign"),
    ]);

    private static Machine[] Machines(ScalerState state, DateTimeOffset now, int n, int x) =>
    [
        .. state.Instances.Values.Where((_, k) => (k + n) % 3 != 0).Select(i => new Machine(
            i.Id, Queue, "m", x == 1 ? MachineState.Ended : MachineState.Running, now, x == 1 ? now : null, MachineEnd.Preempted, x == 2 ? now.AddMinutes(2) : null)),
        new Machine(Id(99), Queue, "stranger", MachineState.Running, now, null, MachineEnd.Requested, null),
    ];
}

public sealed class GatewayLaws : DeciderLaws<GatewayDecider, GatewayState, GatewayCommand, GatewayEvent, GatewayEffect>
{
    private protected override GatewayCommand Tick => new GatewayCommand.Tick();

    private protected override Gen<Func<GatewayState, DateTimeOffset, GatewayCommand>> Commands => Gen.Select(Gen.Int[0, 11], Gen.Int[1, 5], Gen.Int[0, 4])
        .Select((kind, n, x) => (Func<GatewayState, DateTimeOffset, GatewayCommand>)((state, now) => kind switch
        {
            0 => new GatewayCommand.Configure(new ProviderSpec("cloud", "local", Seconds(10), Seconds(30), Minutes(1), 2, 3), [Queue], x),
            <= 3 => new GatewayCommand.Launch(new LaunchIntent(Id(n), Queue, now.AddMinutes(10)), 1 + (x / 3), Offer(zone: x % 2 == 0 ? "a" : "b"), Pool()),
            4 => new GatewayCommand.Acknowledge(Id(n), 1 + (x / 3)),
            5 => new GatewayCommand.Terminate(new InstanceRef(Id(n), "m")),
            6 => new GatewayCommand.Disown(new InstanceRef(Id(n), "m")),
            7 => new GatewayCommand.TerminateAnswered([new TerminateOutcome(Id(n), null, null)]),
            8 => new GatewayCommand.SweepAnswered(x == 0
                ? new SweepOutcome.Incomplete(now, [], ProviderFault.Throttled, "slow down")
                : new SweepOutcome.Complete(now, [new Machine(Id(n), Queue, "m", MachineState.Running, now, null, MachineEnd.Requested, null)])),
            9 or 10 => Answer(state, now, n, x),
            _ => new GatewayCommand.Tick(),
        }));

    private static GatewayCommand.LaunchAnswered Answer(GatewayState state, DateTimeOffset now, int n, int x)
    {
        if (state.Batches.Count == 0)
            return new GatewayCommand.LaunchAnswered("unknown", []);
        var batch = state.Batches.Values.ElementAt(n % state.Batches.Count).Batch;
        return new GatewayCommand.LaunchAnswered(batch.Token, [.. batch.Intents.Select((i, k) => (LaunchOutcome)((k + x) switch
        {
            0 => new LaunchOutcome.Failed(i.Instance, ProviderFault.Indeterminate, "timed out"),
            1 => new LaunchOutcome.Failed(i.Instance, ProviderFault.InsufficientCapacity, "none left"),
            2 => new LaunchOutcome.Failed(i.Instance, ProviderFault.Throttled, "slow down"),
            _ => new LaunchOutcome.Launched(i.Instance, "m", now),
        }))]);
    }
}

public sealed class WatcherLaws : DeciderLaws<WatcherDecider, WatcherState, WatcherCommand, WatcherEvent, WatcherEffect>
{
    private protected override WatcherCommand Tick => new WatcherCommand.Tick();

    /// <summary>It remembers nothing over a restart, so that nothing of it is written.</summary>
    private protected override bool RemembersState => false;

    private protected override Gen<Func<WatcherState, DateTimeOffset, WatcherCommand>> Commands => Gen.Select(Gen.Int[0, 5], Gen.Int[0, 4])
        .Select((kind, x) => (Func<WatcherState, DateTimeOffset, WatcherCommand>)((_, now) => kind switch
        {
            0 => new WatcherCommand.Configure(new SourceSpec("embedded", "embedded", Seconds(1)), x == 0 ? [] : [Queue], x),
            1 => new WatcherCommand.LookAgain(Queue),
            2 => new WatcherCommand.Looked(x == 0 ? [] : [new QueueObservation(Queue, now, x, null, [])]),
            3 => new WatcherCommand.LookFailed("no route to host"),
            _ => new WatcherCommand.Tick(),
        }));
}

/// <summary>An instance as a machine of its own, without its scaler.</summary>
public sealed class LoneInstance : IDecider<InstanceState, InstanceCommand, InstanceEvent, InstanceEffect>
{
    public static InstanceState Initial { get; } = Instance(Pool(offers: [Offer(), Offer(zone: "b")]) with { MaxBootTime = Minutes(4) });

    public static Decision<InstanceEvent, InstanceEffect> Decide(InstanceState state, InstanceCommand command, Moment moment) =>
        InstanceDecider.Decide(state, command, moment.Now);

    public static InstanceState Apply(InstanceState state, InstanceEvent @event) => InstanceDecider.Apply(state, @event);

    public static IReadOnlyList<InstanceEffect> Resume(InstanceState state, DateTimeOffset now) => InstanceDecider.Resume(state);

    public static DateTimeOffset? Deadline(InstanceState state) => InstanceDecider.Deadline(state);
}

public sealed class InstanceLaws : DeciderLaws<LoneInstance, InstanceState, InstanceCommand, InstanceEvent, InstanceEffect>
{
    private protected override InstanceCommand Tick => new InstanceCommand.Tick();

    private protected override int Iterations => 1_000;

    private protected override Gen<Func<InstanceState, DateTimeOffset, InstanceCommand>> Commands => Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5])
        .Select((n, x) => (Func<InstanceState, DateTimeOffset, InstanceCommand>)((state, now) => ScalerLaws.ForInstance(state, now, n, x)));
}
