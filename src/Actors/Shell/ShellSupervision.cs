using Akka.Actor;
using Akka.Pattern;

namespace ControlPlane.Actors.Shell;

/// <summary>The parent of an entity: starts it again, with back-off, after a failed write, a failed recovery or a crash, until it is told to stop.</summary>
public static class ShellSupervision
{
    private const string ChildName = "entity";

    /// <param name="entity">The props of a <see cref="DeciderActor{TDecider,TState,TCommand,TEvent,TEffect}"/>.</param>
    /// <param name="persistenceId">Named in the refusals while the entity is down.</param>
    /// <param name="options">The pauses.</param>
    public static Props Props(Props entity, string persistenceId, ShellOptions options) => BackoffSupervisor.Props(
        Backoff.OnStop(entity, ChildName, options.RestartAfter, options.RestartAtMostAfter, options.Jitter, -1)
            .WithAutoReset(options.RestartAtMostAfter)
            .WithSupervisorStrategy(new OneForOneStrategy(static _ => Directive.Stop))
            .WithReplyWhileStopped(new ShellRefusal(persistenceId, RefusalReason.Restarting))
            .WithFinalStopMessage(static message => message is StopEntity));
}
