using ControlPlane.Domain.Deciding;

namespace ControlPlane.Simulation.Engine;

/// <summary>A <see cref="StraightHost{TDecider, TState, TCommand, TEvent, TEffect}"/> that knows nothing of its machine.</summary>
public sealed class PlainHost<TDecider, TState, TCommand, TEvent, TEffect>(Agenda agenda, Dice dice, TCommand tick, Action<TEffect> carry)
    : StraightHost<TDecider, TState, TCommand, TEvent, TEffect>(agenda, dice, tick, carry)
    where TDecider : IDecider<TState, TCommand, TEvent, TEffect>
    where TState : notnull
    where TCommand : class
    where TEvent : class, IEvent
    where TEffect : class;
