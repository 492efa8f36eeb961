using Akka.Actor;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Shell;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Actors.Providers;

/// <summary>Runs the gateway of one provider. It never awaits the platform: each call's answer comes back as a command, a call without one as indeterminate.</summary>
public sealed class GatewayActor : DeciderActor<GatewayDecider, GatewayState, GatewayCommand, GatewayEvent, GatewayEffect>
{
    private readonly string _provider;
    private readonly Regions _regions;
    private readonly Connections _connections;
    private readonly CallScope _calls;
    private ICancelable? _reminder;

    public GatewayActor(string provider, ShellContext shell, Regions regions, Connections connections, CallOptions options)
        : base($"gateway-{provider}", shell)
    {
        _provider = provider;
        _regions = regions;
        _connections = connections;
        _calls = new CallScope("provider", provider, options.ProviderTimeout, shell.Time);
    }

    protected override GatewayCommand Tick { get; } = new GatewayCommand.Tick();

    protected override void Carry(GatewayEffect effect, IActorRef replyTo)
    {
        switch (effect)
        {
            case GatewayEffect.CallLaunch e:
                LaunchAsync(e.Batch).PipeTo(Self);
                break;
            case GatewayEffect.CallTerminate e:
                TerminateAsync(e.Instances).PipeTo(Self);
                break;
            case GatewayEffect.CallSweep:
                SweepAsync(Now).PipeTo(Self);
                break;
            case GatewayEffect.CallConsole e:
                ReadConsoleAsync(e.Instance).PipeTo(Self);
                break;
            case GatewayEffect.TellInstance e:
                _regions.Tell(e.Queue, new Domain.Queues.ScalerCommand.ForInstance(e.Instance, e.Command), Self);
                break;
            case GatewayEffect.TellScaler e:
                _regions.Tell(e.Queue, e.Command, Self);
                break;
            case GatewayEffect.Acknowledge e:
                replyTo.Tell(new CatalogCommand.Heard(EntityKind.Gateway, _provider, e.Revision), Self);
                break;
            case GatewayEffect.TellGone e:
                _regions.Tell(new CatalogCommand.GatewayGone(_provider, e.Revision), Self);
                break;
        }
    }

    protected override void WakeElsewhere() => _regions.TellGateway(_provider, WakeEntity.Instance, Self);

    protected override void OnOther(object message)
    {
        switch (message)
        {
            case GatewayQuery:
                Answer(state => GatewayView.From(_provider, state, Now));
                break;
            case Reminder:
                Remind();
                break;
            default:
                base.OnOther(message);
                break;
        }
    }

    protected override void PreStart()
    {
        base.PreStart();
        _reminder = Reminder.Every(Context.System, Self);
    }

    protected override void PostStop()
    {
        _reminder?.Cancel();
        _calls.Dispose();
        base.PostStop();
    }

    /// <summary>What concerns it is not remembered over a restart: it says that it is awake until it was told.</summary>
    private void Remind()
    {
        if (State.Spec is null)
            _regions.Tell(new CatalogCommand.Woke(EntityKind.Gateway, _provider), Self);
        else
            _reminder?.Cancel();
    }

    private async Task<GatewayCommand> LaunchAsync(LaunchBatch batch)
    {
        var spec = State.Spec;
        try
        {
            var outcomes = await CallAsync("launch", spec, (provider, cancel) => LaunchAsync(provider, batch, cancel)).ConfigureAwait(false);
            return new GatewayCommand.LaunchAnswered(batch.Token, outcomes);
        }
        catch (Exception fault)
        {
            // Whether anything was launched is not known: the same question is asked again.
            return new GatewayCommand.LaunchAnswered(
                batch.Token, [.. batch.Intents.Select(i => new LaunchOutcome.Failed(i.Instance, ProviderFault.Indeterminate, fault.Message))]);
        }
    }

    /// <summary>Machines that are taken over are not launched.</summary>
    private static Task<IReadOnlyList<LaunchOutcome>> LaunchAsync(IComputeProvider provider, LaunchBatch batch, CancellationToken cancel) =>
        batch.Intents[0].Adopts is null ? provider.LaunchAsync(batch, cancel)
        : provider is IAdoptingProvider adopting ? adopting.AdoptAsync(batch, cancel)
        : Task.FromResult<IReadOnlyList<LaunchOutcome>>(
            [.. batch.Intents.Select(i => new LaunchOutcome.Failed(i.Instance, ProviderFault.Misconfigured, "its provider cannot take over machines that others started"))]);

    private async Task<GatewayCommand> TerminateAsync(IReadOnlyList<InstanceRef> instances)
    {
        var spec = State.Spec;
        try
        {
            var outcomes = await CallAsync("terminate", spec, (provider, cancel) => provider.TerminateAsync(instances, cancel)).ConfigureAwait(false);
            return new GatewayCommand.TerminateAnswered(outcomes);
        }
        catch (Exception fault)
        {
            return new GatewayCommand.TerminateAnswered([.. instances.Select(i => new TerminateOutcome(i.Instance, ProviderFault.Indeterminate, fault.Message))]);
        }
    }

    private async Task<GatewayCommand> SweepAsync(DateTimeOffset asOf)
    {
        var spec = State.Spec;
        try
        {
            return new GatewayCommand.SweepAnswered(await CallAsync("sweep", spec, (provider, cancel) => provider.SweepAsync(cancel)).ConfigureAwait(false));
        }
        catch (Exception fault)
        {
            return new GatewayCommand.SweepAnswered(new SweepOutcome.Incomplete(asOf, [], ProviderFault.Indeterminate, fault.Message));
        }
    }

    private async Task<GatewayCommand> ReadConsoleAsync(InstanceRef instance)
    {
        var spec = State.Spec;
        try
        {
            var text = await CallAsync("console", spec, (provider, cancel) => provider.ReadConsoleAsync(instance, ConsoleTail.BytesToRead, cancel)).ConfigureAwait(false);
            return new GatewayCommand.ConsoleAnswered(instance.Instance, true, text);
        }
        catch (Exception)
        {
            // Whatever it was, the instance asks again while its machine may be there.
            return new GatewayCommand.ConsoleAnswered(instance.Instance, false, null);
        }
    }

    private Task<T> CallAsync<T>(string call, ProviderSpec? spec, Func<IComputeProvider, CancellationToken, Task<T>> body) =>
        _calls.RunAsync(call, cancel => body(_connections.Provider(spec ?? throw new InvalidOperationException($"Provider {_provider} is not configured.")), cancel));
}

/// <summary>Asks a gateway how it is.</summary>
public sealed record GatewayQuery;

/// <summary>A gateway as it is now.</summary>
/// <param name="Provider">Its name.</param>
/// <param name="Configured">Whether it was told its settings since its start.</param>
/// <param name="LaunchesInFlight">Intents without a definite answer.</param>
/// <param name="Terminating">Terminations to send or under way.</param>
/// <param name="Machines">Machines in the last list.</param>
/// <param name="Orphans">Machines that nobody knows.</param>
/// <param name="NextSweepAt">When all machines are listed next.</param>
/// <param name="FailedSweeps">How many in a row failed.</param>
/// <param name="Fault">What the last one failed with; null while all is well.</param>
/// <param name="Exhausted">Offers that are not asked for the time being.</param>
public sealed record GatewayView(
    string Provider, bool Configured, int LaunchesInFlight, int Terminating, int Machines, int Orphans, DateTimeOffset NextSweepAt, int FailedSweeps, string? Fault,
    IReadOnlyList<ExhaustedOffer> Exhausted)
{
    public static GatewayView From(string provider, GatewayState state, DateTimeOffset now) => new(
        provider, state.Spec is not null, state.Gathering.Count + state.Batches.Values.Sum(b => b.Open.Count), state.Ending.Count,
        state.Queues.Values.Sum(q => q.Machines.Count(m => m.State != MachineState.Ended)), state.Orphans.Count, state.NextSweepAt, state.FailedSweeps, state.SweepFault,
        [.. state.Exhausted.Where(e => e.Until > now)]);
}
