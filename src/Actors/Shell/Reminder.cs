using Akka.Actor;

namespace ControlPlane.Actors.Shell;

/// <summary>Told to an entity now and then, by itself, while it waits to be told what concerns it.</summary>
internal sealed record Reminder : INoSerializationVerificationNeeded
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private static readonly Reminder Instance = new();

    /// <summary>Starts reminding; whoever has what it waits for cancels it.</summary>
    public static ICancelable Every(ActorSystem system, IActorRef self) => system.Scheduler.ScheduleTellRepeatedlyCancelable(Period, Period, self, Instance, self);
}
