using System.Diagnostics;
using Akka.Actor;
using ControlPlane.Actors.Shell;

namespace ControlPlane.Actors.Tests.Shell;

/// <summary>The shell of the toy machine. Tells a probe of each call that it makes.</summary>
public sealed class CounterActor(string id, ShellContext shell, IActorRef calls)
    : DeciderActor<Counter, CounterState, CounterCommand, CounterEvent, CounterEffect>(id, shell)
{
    /// <summary>Asks for what the last observation was, which no event in the journal tells.</summary>
    public sealed record WhatWasSeen;

    protected override CounterCommand Tick { get; } = new CounterCommand.Tick();

    protected override void Carry(CounterEffect effect, IActorRef replyTo)
    {
        switch (effect)
        {
            case CounterEffect.Reply e:
                replyTo.Tell(e.Message);
                break;
            case CounterEffect.Call e:
                calls.Tell(new CallMade(e.Ids[0], Now));
                break;
            default:
                throw new UnreachableException($"Cannot carry out {effect.GetType().Name}.");
        }
    }

    protected override void OnOther(object message)
    {
        if (message is WhatWasSeen)
            Answer(state => state.Seen);
        else
            Unhandled(message);
    }
}
