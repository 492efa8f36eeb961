using System.Text.Json;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Domain.Tests.Kit;

/// <summary>A machine under test, as a shell would run it: decide, fold, carry on. Time is moved by hand.</summary>
internal sealed class Subject<TDecider, TState, TCommand, TEvent, TEffect>
    where TDecider : IDecider<TState, TCommand, TEvent, TEffect>
    where TEvent : class, IEvent
{
    private ulong seed = 7;

    public TState State { get; private set; } = TDecider.Initial;

    public DateTimeOffset Now { get; private set; } = Given.Now;

    /// <summary>Every persistent event so far.</summary>
    public List<TEvent> Log { get; } = [];

    public DateTimeOffset? Deadline => TDecider.Deadline(State);

    public IReadOnlyList<TEffect> Owed => TDecider.Resume(State, Now);

    public Decision<TEvent, TEffect> Send(TCommand command)
    {
        var decision = TDecider.Decide(State, command, new Moment(Now, seed++));
        foreach (var @event in decision.Events)
            State = TDecider.Apply(State, @event);
        Log.AddRange(decision.Events.Where(e => e is not ITransientEvent));
        return decision;
    }

    public Subject<TDecider, TState, TCommand, TEvent, TEffect> After(TimeSpan time)
    {
        Now += time;
        return this;
    }

    public Subject<TDecider, TState, TCommand, TEvent, TEffect> At(DateTimeOffset time)
    {
        Now = time;
        return this;
    }

    /// <summary>Ticks as a shell does until the deadline lies in the future. Fails if it never does: that would be a hot loop.</summary>
    public IReadOnlyList<Decision<TEvent, TEffect>> TickUntilQuiet(TCommand tick)
    {
        List<Decision<TEvent, TEffect>> decisions = [];
        while (Deadline <= Now)
        {
            Assert.True(decisions.Count < 20, $"hot loop: the deadline stays at {Deadline:O} although it is {Now:O}");
            decisions.Add(Send(tick));
        }

        return decisions;
    }

    /// <summary>Begins from a state that would take long to come to.</summary>
    public void Become(TState state) => State = state;

    /// <summary>A crash: what is left is what the journal gives back, read as it was written.</summary>
    public void Restart()
    {
        State = TDecider.Initial;
        foreach (var @event in Log)
            State = TDecider.Apply(State, Wire.Copy(@event));
    }
}

/// <summary>How events and states are written in these tests.</summary>
internal static class Wire
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
    };

    public static T Copy<T>(T value) => JsonSerializer.Deserialize<T>(Write(value), Options)!;

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);
}
