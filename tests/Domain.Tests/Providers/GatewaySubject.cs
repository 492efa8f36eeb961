using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Tests.Kit;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Providers;

/// <summary>A provider's gateway under test.</summary>
internal sealed class GatewaySubject
{
    public static readonly ProviderSpec Spec = new("cloud", "local", Seconds(10), Seconds(30), Seconds(20), 2, 3);

    public Subject<GatewayDecider, GatewayState, GatewayCommand, GatewayEvent, GatewayEffect> Machine { get; } = new();

    public GatewayState State => Machine.State;

    public DateTimeOffset Now => Machine.Now;

    public static GatewaySubject Configured(ProviderSpec? spec = null)
    {
        var gateway = new GatewaySubject();
        gateway.Configure(spec);
        gateway.Tick();
        gateway.Sweep();
        return gateway;
    }

    public void Configure(ProviderSpec? spec = null) => Machine.Send(new GatewayCommand.Configure(spec ?? Spec, [Queue], 1));

    public GatewaySubject After(TimeSpan time)
    {
        Machine.After(time);
        return this;
    }

    public Decision<GatewayEvent, GatewayEffect> Ask(int n, int attempt = 1, string zone = "a") =>
        Machine.Send(new GatewayCommand.Launch(new LaunchIntent(Id(n), Queue, Now + Minutes(10)), attempt, Offer(zone: zone), Pool()));

    /// <summary>Ticks as a shell would, and gives what was to be called.</summary>
    public IReadOnlyList<GatewayEffect> Tick() => [.. Machine.TickUntilQuiet(new GatewayCommand.Tick()).SelectMany(d => d.Effects)];

    /// <summary>Gathers, and gives the batches that are then called.</summary>
    public IReadOnlyList<LaunchBatch> Flush() => [.. After(Seconds(0.3)).Tick().OfType<GatewayEffect.CallLaunch>().Select(c => c.Batch)];

    public Decision<GatewayEvent, GatewayEffect> Answer(LaunchBatch batch, params ProviderFault?[] faults) => Machine.Send(new GatewayCommand.LaunchAnswered(
        batch.Token,
        [.. faults.Select((fault, i) => fault is { } f
            ? (LaunchOutcome)new LaunchOutcome.Failed(batch.Intents[i].Instance, f, "the cloud said no")
            : new LaunchOutcome.Launched(batch.Intents[i].Instance, $"m{i}", Now))]));

    public static Machine Shown(int n, MachineState state = MachineState.Running, string queue = "train") =>
        new(Id(n), new QueueName(queue), $"m{n}", state, Given.Now, null, MachineEnd.Requested, null);

    public Decision<GatewayEvent, GatewayEffect> Sweep(params Machine[] machines) => Machine.Send(new GatewayCommand.SweepAnswered(new SweepOutcome.Complete(Now, machines)));

    public Decision<GatewayEvent, GatewayEffect> BrokenSweep(params Machine[] machines) =>
        Machine.Send(new GatewayCommand.SweepAnswered(new SweepOutcome.Incomplete(Now, machines, ProviderFault.Throttled, "slow down")));
}

internal static class GatewayDecisions
{
    public static LaunchOutcome? ToldTo(this Decision<GatewayEvent, GatewayEffect> decision, int n) =>
        decision.Effects.OfType<GatewayEffect.TellInstance>().Where(t => t.Instance == Id(n)).Select(t => ((InstanceCommand.LaunchAnswered)t.Command).Outcome).SingleOrDefault();
}
