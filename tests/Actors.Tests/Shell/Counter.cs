using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Actors.Tests.Shell;

/// <summary>A toy machine that has one of everything: a counter that may not pass its limit, calls that it owes until they are done, and a deadline.</summary>
public sealed class Counter : IDecider<CounterState, CounterCommand, CounterEvent, CounterEffect>
{
    public const int Limit = 1000;

    public static CounterState Initial { get; } = new(0, 0, [], null);

    public static Decision<CounterEvent, CounterEffect> Decide(CounterState state, CounterCommand command, Moment moment) => command switch
    {
        CounterCommand.Add c when state.Total + c.Amount > Limit => Decision<CounterEvent, CounterEffect>.Do(new CounterEffect.Reply(new CounterReply(state.Total, false))),
        CounterCommand.Add c => Decision<CounterEvent, CounterEffect>.Of(new CounterEvent.Added(c.Amount)).Then(new CounterEffect.Reply(new CounterReply(state.Total + c.Amount, true))),
        CounterCommand.Ask => Decision<CounterEvent, CounterEffect>.Do(new CounterEffect.Reply(new CounterReply(state.Total, true))),
        CounterCommand.Start c => Decision<CounterEvent, CounterEffect>.Of(new CounterEvent.Started(c.Id)).Then(new CounterEffect.Call([c.Id])),
        CounterCommand.Finish c when state.Calls.Contains(c.Id) => Decision<CounterEvent, CounterEffect>.Of(new CounterEvent.Finished(c.Id)),
        CounterCommand.Finish => Decision<CounterEvent, CounterEffect>.Nothing,
        CounterCommand.Observe c => Decision<CounterEvent, CounterEffect>.Of(new CounterEvent.Observed(c.Value)).Then(new CounterEffect.Reply(new CounterReply(c.Value, true))),
        CounterCommand.Wait c => Decision<CounterEvent, CounterEffect>.Of(new CounterEvent.Waiting(moment.Now + c.For)),
        CounterCommand.Crash => throw new InvalidOperationException("The rules are broken."),
        CounterCommand.Tick when state.Until <= moment.Now => Decision<CounterEvent, CounterEffect>.Of(new CounterEvent.Waited()).Then(new CounterEffect.Call(["waited"])),
        CounterCommand.Tick => Decision<CounterEvent, CounterEffect>.Nothing,
        _ => throw new UnreachableException($"No rule for {command.GetType().Name}."),
    };

    public static CounterState Apply(CounterState state, CounterEvent @event) => @event switch
    {
        CounterEvent.Added e => state with { Total = state.Total + e.Amount },
        CounterEvent.Observed e => state with { Seen = e.Value },
        CounterEvent.Started e => state with { Calls = state.Calls.Add(e.Id) },
        CounterEvent.Finished e => state with { Calls = state.Calls.Remove(e.Id) },
        CounterEvent.Waiting e => state with { Until = e.Until },
        CounterEvent.Waited => state with { Until = null },
        _ => throw new UnreachableException($"No fold for {@event.GetType().Name}."),
    };

    public static IReadOnlyList<CounterEffect> Resume(CounterState state, DateTimeOffset now) => [.. state.Calls.Select(id => new CounterEffect.Call([id]))];

    public static DateTimeOffset? Deadline(CounterState state) => state.Until;
}

public sealed record CounterState(int Total, [property: JsonIgnore] int Seen, ImmutableList<string> Calls, DateTimeOffset? Until);

public abstract record CounterCommand
{
    private CounterCommand()
    {
    }

    public sealed record Add(int Amount) : CounterCommand;

    public sealed record Ask : CounterCommand;

    public sealed record Observe(int Value) : CounterCommand;

    public sealed record Start(string Id) : CounterCommand;

    public sealed record Finish(string Id) : CounterCommand;

    public sealed record Wait(TimeSpan For) : CounterCommand;

    public sealed record Tick : CounterCommand;

    public sealed record Crash : CounterCommand;
}

public abstract record CounterEvent : IEvent
{
    private CounterEvent()
    {
    }

    public sealed record Added(int Amount) : CounterEvent;

    public sealed record Observed(int Value) : CounterEvent, ITransientEvent;

    public sealed record Started(string Id) : CounterEvent;

    public sealed record Finished(string Id) : CounterEvent;

    public sealed record Waiting(DateTimeOffset Until) : CounterEvent;

    public sealed record Waited : CounterEvent;
}

public abstract record CounterEffect
{
    private CounterEffect()
    {
    }

    public sealed record Reply(CounterReply Message) : CounterEffect;

    /// <summary>Holds a list, which records compare by reference: the shell must see that it is the same call nevertheless.</summary>
    public sealed record Call(IReadOnlyList<string> Ids) : CounterEffect;
}

public sealed record CounterReply(int Total, bool Granted);

public sealed record CallMade(string Id, DateTimeOffset At);

public static class CounterManifests
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Event("counter.added.v1", CounterJson.Default.Added)
        .Event("counter.started.v1", CounterJson.Default.Started)
        .Event("counter.finished.v1", CounterJson.Default.Finished)
        .Event("counter.waiting.v1", CounterJson.Default.Waiting)
        .Event("counter.waited.v1", CounterJson.Default.Waited)
        .Former("counter.incremented.v1", CounterJson.Default.Incremented, old => new CounterEvent.Added(old.By))
        .Message("counter.add.v1", CounterJson.Default.Add)
        .Message("counter.ask.v1", CounterJson.Default.Ask)
        .Message("counter.start.v1", CounterJson.Default.Start)
        .Message("counter.crash.v1", CounterJson.Default.Crash)
        .Message("counter.reply.v1", CounterJson.Default.CounterReply)
        .Message("counter.call-made.v1", CounterJson.Default.CallMade)
        .Snapshot("counter.v1", CounterJson.Default.CounterState);

    public static Manifests All { get; } = Manifests.Of(Table, ShellManifests.Table);
}

/// <summary>How an addition was stored long ago.</summary>
public sealed record Incremented(int By);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CounterEvent.Added))]
[JsonSerializable(typeof(CounterEvent.Started))]
[JsonSerializable(typeof(CounterEvent.Finished))]
[JsonSerializable(typeof(CounterEvent.Waiting))]
[JsonSerializable(typeof(CounterEvent.Waited))]
[JsonSerializable(typeof(Incremented))]
[JsonSerializable(typeof(CounterCommand.Add))]
[JsonSerializable(typeof(CounterCommand.Ask))]
[JsonSerializable(typeof(CounterCommand.Start))]
[JsonSerializable(typeof(CounterCommand.Crash))]
[JsonSerializable(typeof(CounterReply))]
[JsonSerializable(typeof(CallMade))]
[JsonSerializable(typeof(CounterState))]
public sealed partial class CounterJson : JsonSerializerContext;
