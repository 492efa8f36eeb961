using System.Diagnostics;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Catalog;

/// <summary>
/// The rules of the catalog: it puts whole configurations in force, tells each entity what concerns it, and remembers what was removed until
/// nothing of it is left. Nothing that may still cost money or hold a task is ever forgotten on the word of a document.
/// </summary>
public sealed class CatalogDecider : IDecider<CatalogState, CatalogCommand, CatalogEvent, CatalogEffect>
{
    /// <summary>How many tokens are remembered: a change repeated later than after so many others is a new one.</summary>
    public const int TokensKept = 256;

    private CatalogDecider()
    {
    }

    public static CatalogState Initial { get; } = new();

    public static Decision<CatalogEvent, CatalogEffect> Decide(CatalogState state, CatalogCommand command, Moment moment) => command switch
    {
        CatalogCommand.Apply c => ApplyConfiguration(state, c, moment),
        CatalogCommand.Heard c => Hear(state, new HeardEntity(c.Kind, c.Name, c.Revision)),
        CatalogCommand.Woke c => Remind(state, c),
        CatalogCommand.WakeAll => Wake(state),
        CatalogCommand.QueueGone c => ForgetQueue(state, c),
        CatalogCommand.LedgerGone c => ForgetLedger(state, c),
        CatalogCommand.GatewayGone c => ForgetGateway(state, c),
        _ => throw new UnreachableException($"No rule for {command.GetType().Name}."),
    };

    public static CatalogState Apply(CatalogState state, CatalogEvent @event) => @event switch
    {
        CatalogEvent.ConfigurationApplied e => CatalogFold.Applied(state, e),
        CatalogEvent.Heard { Entity: { } entity } => state with { Heard = state.Heard.Add(entity) },
        CatalogEvent.Heard => state with { Heard = [] },
        CatalogEvent.Forgot e => state with { Heard = state.Heard.Remove(e.Entity) },
        CatalogEvent.QueueForgotten e => CatalogFold.Without(state, e.Queue),
        CatalogEvent.LedgerForgotten e => state with { Ledgers = CatalogFold.Without(state.Ledgers, e.Ledger.Value) },
        CatalogEvent.GatewayForgotten e => state with { Gateways = CatalogFold.Without(state.Gateways, e.Provider) },
        _ => throw new UnreachableException($"No fold for {@event.GetType().Name}."),
    };

    /// <summary>
    /// Everything that was not yet heard, in the order in which it is told; what was removed, until it has said that nothing is left. After a restart that is
    /// everything, and so wakes everybody.
    /// </summary>
    public static IReadOnlyList<CatalogEffect> Resume(CatalogState state, DateTimeOffset now) =>
        state.Heard.IsEmpty ? CatalogFold.Told(Initial, state) : [.. CatalogFold.Told(Initial, state).Where(e => e.Hearing is not { } hearing || !state.Heard.Contains(hearing))];

    /// <summary>Time alone never matters to the catalog.</summary>
    public static DateTimeOffset? Deadline(CatalogState state) => null;

    private static Decision<CatalogEvent, CatalogEffect> ApplyConfiguration(CatalogState state, CatalogCommand.Apply command, Moment moment)
    {
        if (state.Tokens.FirstOrDefault(t => t.Token == command.Token) is { } repeated)
        {
            return Reply(new CatalogReply.Applied(repeated.Revision, []));
        }

        if (command.ExpectedRevision is { } expected && expected != state.Revision)
        {
            return Reply(new CatalogReply.RevisionConflict(expected, state.Revision));
        }

        var configuration = PoolDigest.Stamp(command.Configuration);
        if (state.Revision > 0 && configuration.Equals(state.Configuration))
        {
            return Reply(new CatalogReply.Unchanged(state.Revision));
        }

        var faults = ConfigurationRules.Check(configuration);
        if (faults.Count == 0)
        {
            faults = ConfigurationRules.CheckChange(state, configuration);
        }

        if (faults.Count > 0)
        {
            return Reply(new CatalogReply.Refused(faults));
        }

        var applied = new CatalogEvent.ConfigurationApplied(state.Revision + 1, configuration, command.By, moment.Now, command.Token);
        var changes = ConfigurationDiff.Between(state.Configuration, configuration);
        return Decision<CatalogEvent, CatalogEffect>.Of(applied)
            .Then(CatalogFold.Told(state, CatalogFold.Applied(state, applied)))
            .Then(new CatalogEffect.Reply(command.Token, new CatalogReply.Applied(applied.Revision, changes)));

        Decision<CatalogEvent, CatalogEffect> Reply(CatalogReply answer) =>
            Decision<CatalogEvent, CatalogEffect>.Do(new CatalogEffect.Reply(command.Token, answer));
    }

    private static Decision<CatalogEvent, CatalogEffect> Hear(CatalogState state, HeardEntity entity) => state.Heard.Contains(entity)
        ? Decision<CatalogEvent, CatalogEffect>.Nothing
        : Decision<CatalogEvent, CatalogEffect>.Of(new CatalogEvent.Heard(entity));

    private static Decision<CatalogEvent, CatalogEffect> Remind(CatalogState state, CatalogCommand.Woke command)
    {
        CatalogEffect[] told = [.. CatalogFold.Told(Initial, state).Where(e => e.Hearing is { } h && h.Kind == command.Kind && h.Name == command.Name)];
        CatalogEvent[] forgot = [.. told.Select(e => e.Hearing!).Where(state.Heard.Contains).Select(h => new CatalogEvent.Forgot(h))];
        return new(forgot, told);
    }

    private static Decision<CatalogEvent, CatalogEffect> Wake(CatalogState state) =>
        Decision<CatalogEvent, CatalogEffect>.Of(new CatalogEvent.Heard(null)).Then(CatalogFold.Told(Initial, state));

    private static Decision<CatalogEvent, CatalogEffect> ForgetQueue(CatalogState state, CatalogCommand.QueueGone command)
    {
        if (!state.Scalers.TryGetValue(command.Queue.Value, out var scaler) || !scaler.Retired || scaler.Revision != command.Revision)
        {
            return Decision<CatalogEvent, CatalogEffect>.Nothing;
        }

        var forgotten = new CatalogEvent.QueueForgotten(command.Queue);
        return Decision<CatalogEvent, CatalogEffect>.Of(forgotten).Then(CatalogFold.Told(state, CatalogFold.Without(state, command.Queue)));
    }

    private static Decision<CatalogEvent, CatalogEffect> ForgetLedger(CatalogState state, CatalogCommand.LedgerGone command) =>
        state.Ledgers.TryGetValue(command.Ledger.Value, out var ledger) && ledger.Retired && ledger.Revision == command.Revision
        && !state.Scalers.Values.Any(s => s.Retired && s.Spec.Ledger == command.Ledger)
            ? Decision<CatalogEvent, CatalogEffect>.Of(new CatalogEvent.LedgerForgotten(command.Ledger))
            : Decision<CatalogEvent, CatalogEffect>.Nothing;

    private static Decision<CatalogEvent, CatalogEffect> ForgetGateway(CatalogState state, CatalogCommand.GatewayGone command) =>
        state.Gateways.TryGetValue(command.Provider, out var gateway) && gateway.Retired && gateway.Revision == command.Revision
        && !state.Scalers.Values.Any(s => s.Retired && s.Spec.Pools.Any(p => p.Provider == command.Provider))
            ? Decision<CatalogEvent, CatalogEffect>.Of(new CatalogEvent.GatewayForgotten(command.Provider))
            : Decision<CatalogEvent, CatalogEffect>.Nothing;
}
