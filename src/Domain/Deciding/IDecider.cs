namespace ControlPlane.Domain.Deciding;

/// <summary>
/// A pure state machine. The same arguments always give the same answers. Two interpreters run it: the actor shell and the simulator.
/// </summary>
/// <typeparam name="TState">Immutable state.</typeparam>
/// <typeparam name="TCommand">What may be asked, and what the world answers.</typeparam>
/// <typeparam name="TEvent">Facts. Those that are <see cref="ITransientEvent"/> are folded but not persisted.</typeparam>
/// <typeparam name="TEffect">Things to do, as data.</typeparam>
public interface IDecider<TState, TCommand, TEvent, TEffect>
    where TEvent : class, IEvent
{
    static abstract TState Initial { get; }

    /// <summary>Decides a command. Repeating a command decides nothing new, but may repeat effects.</summary>
    static abstract Decision<TEvent, TEffect> Decide(TState state, TCommand command, Moment moment);

    /// <summary>Folds one event. Never refuses, computes or reads anything but its arguments.</summary>
    static abstract TState Apply(TState state, TEvent @event);

    /// <summary>
    /// Everything that the state still owes the world at this time: what a restarted entity does again, and what a running one repeats, with
    /// back-off, until the answer has changed its state.
    /// </summary>
    static abstract IReadOnlyList<TEffect> Resume(TState state, DateTimeOffset now);

    /// <summary>When time alone next matters: the interpreter then sends the machine's tick. Null if it never does.</summary>
    static abstract DateTimeOffset? Deadline(TState state);
}
