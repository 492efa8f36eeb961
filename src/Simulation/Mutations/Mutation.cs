using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Simulation.Mutations;

/// <summary>A defect that is put into a run on purpose, to show that the checker can fail.</summary>
/// <param name="Name">What is wrong, in a few words.</param>
public sealed record Mutation(string Name)
{
    /// <summary>The shell carries effects out before their facts are written.</summary>
    public bool EffectsBeforeWrite { get; init; }

    /// <summary>The source puts tasks back again each time it is asked.</summary>
    public bool SourceForgetsRequeues { get; init; }

    public Func<ScalerState, ScalerCommand, Moment, Decision<ScalerEvent, ScalerEffect>> Scaler { get; init; } = ScalerDecider.Decide;

    public Func<LedgerState, LedgerCommand, Moment, Decision<LedgerEvent, LedgerEffect>> Ledger { get; init; } = LedgerDecider.Decide;

    public Func<GatewayState, GatewayCommand, Moment, Decision<GatewayEvent, GatewayEffect>> Gateway { get; init; } = GatewayDecider.Decide;

    public Func<WatcherState, WatcherCommand, Moment, Decision<WatcherEvent, WatcherEffect>> Watcher { get; init; } = WatcherDecider.Decide;

    /// <summary>What is really asked of the platform, given the batch and how many calls were made before.</summary>
    public Func<LaunchBatch, int, LaunchBatch> Ask { get; init; } = (batch, _) => batch;

    /// <summary>Nothing is wrong.</summary>
    public static Mutation None { get; } = new("none");
}
