using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Domain.Tests.Kit;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.World;

/// <summary>
/// One queue, its ledger and its gateway, real ones, with a small cloud and a small source. Messages are lost, doubled and overtake each other; entities
/// crash and recover from their journals; answers of the cloud get lost. Everything random comes from one seed.
/// </summary>
internal sealed class SmallWorld
{
    private static readonly ProviderSpec Cloud = new("cloud", "local", Seconds(10), Seconds(20), Seconds(20), 5, 5);

    private readonly Random random;
    private readonly Subject<ScalerDecider, ScalerState, ScalerCommand, ScalerEvent, ScalerEffect> scaler = new();
    private readonly Subject<LedgerDecider, LedgerState, LedgerCommand, LedgerEvent, LedgerEffect> ledger = new();
    private readonly Subject<GatewayDecider, GatewayState, GatewayCommand, GatewayEvent, GatewayEffect> gateway = new();
    private readonly List<(Action Deliver, bool Surely)> post = [];
    private readonly Dictionary<InstanceId, CloudMachine> machines = [];
    private readonly HashSet<InstanceId> unfed = [];
    private readonly BudgetSpec[] tree;
    private readonly QueueSpec queue;
    private double faults;
    private bool lookWanted = true;
    private bool sweeping;
    private int pending;
    private int lost;
    private int gatewayLife;

    public SmallWorld(int seed)
    {
        random = new Random(seed);
        var pools = new[] { Pool("a", 2, offers: [Offer(zone: "a"), Offer(zone: "b")]), Pool("b", 2) };
        queue = QueueOf(pools) with { MaxIdleTime = Minutes(2), MinInstances = 0 };
        tree = [Spec("org", random.Next(1, 4), BudgetWindow.Hour), Spec("team", parent: "org") with { MaxInstances = random.Next(1, 5) }];
    }

    private DateTimeOffset Now => scaler.Now;

    private sealed class CloudMachine(string token, PoolSpec pool, DateTimeOffset started)
    {
        public string Token { get; } = token;

        public PoolSpec Pool { get; } = pool;

        public DateTimeOffset StartedAt { get; } = started;

        public DateTimeOffset? EndedAt { get; set; }

        public MachineEnd End { get; set; }

        public bool Ending { get; set; }

        public int Task { get; set; }
    }

    public void Run(int steps)
    {
        Configure();
        faults = 0.15;
        for (var step = 0; step < steps; step++)
        {
            Step();
            Check();
        }

        // No more faults and no more tasks: everything comes to its end.
        faults = 0;
        for (var step = 0; step < 4_000 && !IsQuiet; step++)
        {
            while (post.Count > 0)
                Deliver();
            Pass(Seconds(5));
            Work(1);
            Check();
        }

        Assert.True(IsQuiet, $"not at rest after hours: {pending} tasks wait, {lost} were never returned, "
            + $"instances {string.Join(", ", scaler.State.Instances.Values.Select(i => $"{i.Phase} {i.Leaving} fed={i.StopFeedingAnswered} tasks={i.Tasks.Count}"))}, "
            + $"leases {ledger.State.Leases.Count}, waiting {ledger.State.Waiting.Count}, batches {gateway.State.Batches.Count}, answers {gateway.State.Answers.Count}, "
            + $"machines {machines.Values.Count(m => m.EndedAt is null)}");
    }

    private bool IsQuiet => pending == 0 && lost == 0 && scaler.State.Instances.IsEmpty && ledger.State.Leases.IsEmpty && ledger.State.Waiting.IsEmpty
        && gateway.State.Batches.IsEmpty && gateway.State.Answers.IsEmpty && machines.Values.All(m => m.EndedAt is not null);

    private void Step()
    {
        switch (random.Next(12))
        {
            case <= 5:
                Deliver();
                break;
            case 6 or 7:
                Pass(TimeSpan.FromMilliseconds(random.Next(4) switch { 0 => 20, 1 => 300, 2 => 3_000, _ => 20_000 }));
                break;
            case 8:
                pending += random.Next(3);
                break;
            case 9:
                Work(0.5);
                break;
            case 10 when random.NextDouble() < 0.3:
                Crash();
                break;
            case 11 when random.NextDouble() < 0.1 && machines.Values.FirstOrDefault(m => m.EndedAt is null) is { } reclaimed:
                End(reclaimed, random.Next(2) == 0 ? MachineEnd.Preempted : MachineEnd.Itself);
                break;
        }
    }

    private void Configure()
    {
        Do(ledger.Send(new LedgerCommand.Configure(tree, 1)));
        Do(gateway.Send(new GatewayCommand.Configure(Cloud, [Queue], 1)));
        Do(scaler.Send(new ScalerCommand.Configure(queue, 1)));
    }

    private void Crash()
    {
        switch (random.Next(3))
        {
            case 0:
                scaler.Restart();
                break;
            case 1:
                ledger.Restart();
                break;
            default:
                gateway.Restart();
                gatewayLife++;
                sweeping = false;
                break;
        }

        Configure();
    }

    /// <summary>Time passes for all, deadlines come, and what is owed is repeated.</summary>
    private void Pass(TimeSpan time)
    {
        scaler.After(time);
        ledger.After(time);
        gateway.After(time);
        foreach (var decision in ledger.TickUntilQuiet(new LedgerCommand.Tick()))
            Do(decision);
        foreach (var decision in gateway.TickUntilQuiet(new GatewayCommand.Tick()))
            Do(decision);
        foreach (var decision in scaler.TickUntilQuiet(new ScalerCommand.Tick()))
            Do(decision);
        Do(scaler.Owed);
        Do(gateway.Owed);
        if (lookWanted || random.Next(3) == 0)
            Look();
    }

    private void Deliver()
    {
        if (post.Count == 0)
            return;

        // Any message may overtake any other; one may be lost, another comes twice.
        var place = faults > 0 ? random.Next(post.Count) : 0;
        var message = post[place];
        if (message.Surely || random.NextDouble() >= faults)
            post.RemoveAt(place);
        if (message.Surely || random.NextDouble() >= faults)
            message.Deliver();
    }

    private void Post(Action message) => post.Add((message, false));

    private void Do(Decision<ScalerEvent, ScalerEffect> decision) => Do(decision.Effects);

    private void Do(Decision<GatewayEvent, GatewayEffect> decision) => Do(decision.Effects);

    private void Do(Decision<LedgerEvent, LedgerEffect> decision)
    {
        foreach (var tell in decision.Effects.OfType<LedgerEffect.Tell>())
            Post(() => Do(scaler.Send(new ScalerCommand.ForInstance(tell.Instance, new InstanceCommand.LeaseAnswered(tell.Answer)))));
    }

    private void Do(IReadOnlyList<ScalerEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case ScalerEffect.OfInstance { Effect: InstanceEffect.AskLedger ask }:
                    Post(() => Do(ledger.Send(ask.Command)));
                    break;
                case ScalerEffect.OfInstance { Effect: InstanceEffect.AskGateway ask }:
                    Post(() => Do(gateway.Send(ask.Command)));
                    break;
                case ScalerEffect.OfInstance { Effect: InstanceEffect.StopFeeding } stop:
                    unfed.Add(stop.Instance);
                    Post(() => Do(scaler.Send(new ScalerCommand.ForInstance(stop.Instance, new InstanceCommand.FeedingStopped(true)))));
                    break;
                case ScalerEffect.OfInstance { Effect: InstanceEffect.ReturnTasks } back:
                    if (machines.TryGetValue(back.Instance, out var machine) && machine.Task > 0)
                    {
                        Assert.True(machine.EndedAt is not null, "tasks of a living machine were returned");
                        (pending, lost, machine.Task) = (pending + 1, lost - 1, 0);
                    }

                    Post(() => Do(scaler.Send(new ScalerCommand.ForInstance(back.Instance, new InstanceCommand.TasksReturned(RequeueResult.Nothing)))));
                    break;
                case ScalerEffect.LookAgain or ScalerEffect.OfInstance { Effect: InstanceEffect.LookAgain }:
                    lookWanted = true;
                    break;
                case ScalerEffect.Disown disown:
                    Post(() => Do(gateway.Send(new GatewayCommand.Disown(disown.Machine))));
                    break;
            }
        }
    }

    private void Do(IReadOnlyList<GatewayEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case GatewayEffect.CallLaunch call:
                    LaunchOutcome[] outcomes = [.. call.Batch.Intents.Select(i => Launch(call.Batch, i))];
                    Answer(new GatewayCommand.LaunchAnswered(call.Batch.Token, outcomes));
                    break;
                case GatewayEffect.CallTerminate call:
                    foreach (var machine in call.Instances)
                        Terminate(machine.Instance);
                    Answer(new GatewayCommand.TerminateAnswered([.. call.Instances.Select(m => new TerminateOutcome(m.Instance, null, null))]));
                    break;
                case GatewayEffect.CallSweep:
                    sweeping = true;
                    break;
                case GatewayEffect.TellInstance tell:
                    Post(() => Do(scaler.Send(new ScalerCommand.ForInstance(tell.Instance, tell.Command))));
                    break;
                case GatewayEffect.TellScaler tell:
                    Post(() => Do(scaler.Send(tell.Command)));
                    break;
            }
        }

        if (sweeping)
        {
            sweeping = false;
            Machine[] shown = [.. machines.Select(m => new Machine(
                m.Key, Queue, $"m-{m.Key}", m.Value.EndedAt is null ? MachineState.Running : MachineState.Ended, m.Value.StartedAt, m.Value.EndedAt, m.Value.End, null))];
            var seen = shown.Where(m => m.EndedAt is null || Now - m.EndedAt < Minutes(2)).ToArray();
            SweepOutcome outcome = random.NextDouble() < faults ? new SweepOutcome.Incomplete(Now, [], ProviderFault.Throttled, "slow down") : new SweepOutcome.Complete(Now, seen);
            Answer(new GatewayCommand.SweepAnswered(outcome));
        }
    }

    /// <summary>The shell always gets an answer of the cloud, were it that the call failed: it is not lost, but it may be late.</summary>
    private void Answer(GatewayCommand answer)
    {
        var asker = gatewayLife;
        post.Add((Deliver, true));

        // The answer to a call of a gateway that has crashed reaches nobody.
        void Deliver()
        {
            if (asker == gatewayLife)
                Do(gateway.Send(answer));
        }
    }

    private LaunchOutcome Launch(LaunchBatch batch, LaunchIntent intent)
    {
        if (machines.TryGetValue(intent.Instance, out var known))
        {
            Assert.True(known.Token == batch.Token, $"a second machine of {intent.Instance} was asked for under another token");
            return new LaunchOutcome.Launched(intent.Instance, $"m-{intent.Instance}", known.StartedAt);
        }

        var luck = random.NextDouble();
        if (luck < faults / 2)
            return new LaunchOutcome.Failed(intent.Instance, luck < faults / 4 ? ProviderFault.InsufficientCapacity : ProviderFault.Indeterminate, "the cloud said no");
        machines[intent.Instance] = new CloudMachine(batch.Token, batch.Pool, Now);
        Assert.True(
            machines.Values.Count(m => m.EndedAt is null && m.Pool.Name == batch.Pool.Name) <= batch.Pool.MaxInstances, $"pool {batch.Pool.Name} has more than its maximum");
        return random.NextDouble() < faults
            ? new LaunchOutcome.Failed(intent.Instance, ProviderFault.Indeterminate, "timed out")
            : new LaunchOutcome.Launched(intent.Instance, $"m-{intent.Instance}", Now);
    }

    private void Terminate(InstanceId id)
    {
        if (!machines.TryGetValue(id, out var machine) || machine.EndedAt is not null || random.NextDouble() < faults)
            return;
        var leaving = scaler.State.Instances.GetValueOrDefault(id)?.Leaving;
        Assert.True(machine.Task == 0 || leaving == Outcome.Budget, $"a busy worker was ended: {leaving}");
        End(machine, MachineEnd.Requested);
    }

    private void End(CloudMachine machine, MachineEnd end)
    {
        machine.EndedAt = Now;
        machine.End = end;
        lost += machine.Task > 0 ? 1 : 0;
    }

    /// <summary>Workers take tasks, and finish them with the given chance.</summary>
    private void Work(double chance)
    {
        foreach (var (id, machine) in machines.Where(m => m.Value.EndedAt is null && Now - m.Value.StartedAt > Seconds(15)))
        {
            if (machine.Task > 0 && random.NextDouble() < chance)
                machine.Task = 0;
            if (machine.Task > 0 || pending == 0 || unfed.Contains(id))
                continue;
            pending--;
            machine.Task = 1;
        }
    }

    private void Look()
    {
        lookWanted = false;
        WorkerObservation[] workers = [.. machines.Where(m => m.Value.EndedAt is null && Now - m.Value.StartedAt > Seconds(15))
            .Select(m => new WorkerObservation($"w-{m.Key}", m.Key, m.Value.Task > 0 ? ["t"] : [], Now, null))];
        var look = new QueueObservation(Queue, Now, pending, null, workers);
        Post(() => Do(scaler.Send(new ScalerCommand.Observe(look))));
    }

    private void Check()
    {
        foreach (var pool in queue.Pools)
            Assert.True(scaler.State.InPool(pool).Count() <= pool.MaxInstances, $"pool {pool.Name} holds more intents than its maximum");
        Assert.All(
            machines.Where(m => m.Value.EndedAt is null),
            m => Assert.True(scaler.State.Instances.TryGetValue(m.Key, out var i) && i.MayRun, $"a machine runs that its scaler does not count: {i?.Phase}"));
    }
}
