using System.Text.Json.Serialization;
using Akka.Actor;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Benchmarks.Storage;

/// <summary>The smallest machine that still writes an event of the usual size and answers: what is left is the cost of shell and journal.</summary>
public sealed class Tally : IDecider<TallyState, TallyCommand, TallyEvent, TallyEffect>
{
    public static TallyState Initial { get; } = new(0, "");

    public static Decision<TallyEvent, TallyEffect> Decide(TallyState state, TallyCommand command, Moment moment) => command switch
    {
        TallyCommand.Grant c => Decision<TallyEvent, TallyEffect>.Of(new TallyEvent(moment.NewId(0), c.Micros, state.Total + c.Micros, moment.Now))
            .Then(new TallyEffect(state.Total + c.Micros)),
        TallyCommand.Look => Decision<TallyEvent, TallyEffect>.Do(new TallyEffect(state.Total)),
        _ => Decision<TallyEvent, TallyEffect>.Nothing,
    };

    public static TallyState Apply(TallyState state, TallyEvent @event) => new(state.Total + @event.Micros, @event.Lease);

    public static IReadOnlyList<TallyEffect> Resume(TallyState state, DateTimeOffset now) => [];

    public static DateTimeOffset? Deadline(TallyState state) => null;
}

public sealed record TallyState(long Total, string LastLease);

public abstract record TallyCommand
{
    private TallyCommand()
    {
    }

    public sealed record Grant(long Micros) : TallyCommand;

    public sealed record Look : TallyCommand;

    public sealed record Tick : TallyCommand;
}

public sealed record TallyEvent(string Lease, long Micros, long Balance, DateTimeOffset At) : IEvent;

public sealed record TallyEffect(long Total);

public sealed record TallyReply(long Total);

public sealed class TallyActor : DeciderActor<Tally, TallyState, TallyCommand, TallyEvent, TallyEffect>
{
    public TallyActor(string id, ShellContext shell, string journal)
        : base(id, shell) => JournalPluginId = journal;

    protected override TallyCommand Tick { get; } = new TallyCommand.Tick();

    protected override void Carry(TallyEffect effect, IActorRef replyTo) => replyTo.Tell(new TallyReply(effect.Total));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TallyEvent))]
[JsonSerializable(typeof(TallyState))]
public sealed partial class TallyJson : JsonSerializerContext;

public static class TallyManifests
{
    public static Manifests All { get; } = Manifests.Of(
        new ManifestTable().Event("tally.granted.v1", TallyJson.Default.TallyEvent).Snapshot("tally.v1", TallyJson.Default.TallyState),
        ShellManifests.Table);
}
