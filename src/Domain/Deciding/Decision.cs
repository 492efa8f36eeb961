namespace ControlPlane.Domain.Deciding;

/// <summary>An event of a state machine: a fact to persist, past tense.</summary>
public interface IEvent;

/// <summary>
/// A fact that is folded into the state but not persisted: it is learnt anew after a restart (an observation, a sweep's result).
/// A machine must be correct without it.
/// </summary>
public interface ITransientEvent : IEvent;

/// <summary>What a state machine answers to a command: facts to persist first, then things to do.</summary>
/// <param name="Events">Facts in their order. Persisted (but for <see cref="ITransientEvent"/>) before any effect is carried out.</param>
/// <param name="Effects">Things to do once the events are persisted, at least once each.</param>
public sealed record Decision<TEvent, TEffect>(IReadOnlyList<TEvent> Events, IReadOnlyList<TEffect> Effects)
{
    /// <summary>Nothing happened and nothing is to be done.</summary>
    public static Decision<TEvent, TEffect> Nothing { get; } = new([], []);

    public static Decision<TEvent, TEffect> Of(params IReadOnlyList<TEvent> events) => new(events, []);

    public static Decision<TEvent, TEffect> Do(params IReadOnlyList<TEffect> effects) => new([], effects);

    public Decision<TEvent, TEffect> Then(params IReadOnlyList<TEffect> effects) => new(Events, [.. Effects, .. effects]);
}
