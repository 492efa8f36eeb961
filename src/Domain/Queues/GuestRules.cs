using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;

namespace ControlPlane.Domain.Queues;

/// <summary>
/// Which machine is told what makes it a worker. The ticket in its user data can be read by every process on it, so it is good for one use, by one machine of its
/// launch, while that boots. What came back is recorded before anything is told.
/// </summary>
public static class GuestRules
{
    /// <summary>For how long the machine that was told may ask again: its answer may have been lost on the way.</summary>
    public static readonly TimeSpan RepeatTime = TimeSpan.FromMinutes(10);

    /// <summary>Whether a machine of a launch is one that we still know: it may go on as long as we can be reached.</summary>
    public static bool Knows(ScalerState state, IEnumerable<InstanceId> launch, string nativeId) => Find(state, launch, nativeId) is { Phase: not Phase.Ended };

    internal static void Ask(ScalerStep step, ScalerCommand.AskBootstrap ask) => step.Do(new ScalerEffect.AnswerGuest(Answer(step, ask)));

    private static GuestAnswer Answer(ScalerStep step, ScalerCommand.AskBootstrap ask)
    {
        if (Find(step.State, ask.Launch, ask.NativeId) is not { } guest)
            return Stranger(step, ask);
        if (guest.Pool.Bootstrap is not { Mode: BootstrapMode.Fetch })
            return new GuestAnswer.Refused($"Pool {guest.Pool.Name} was not launched to ask for anything.");
        if (guest.Fetched is { } use && (use.Claim != ask.Claim || (guest.Leaving is null && (guest.Phase != Phase.Booting || step.Now - use.At > RepeatTime))))
        {
            Warn(step, guest, $"what makes a worker of instance {guest.Id} was asked for again from machine {ask.NativeId}, after it was handed out, and was refused. A process on that machine, or somebody who can read its user data, has tried it");
            return new GuestAnswer.Refused("This machine's ticket was used already.");
        }

        if (guest.Phase != Phase.Booting || guest.BootLimit <= step.Now)
            return new GuestAnswer.Refused(guest.Leaving is null ? "Only a machine that boots is told." : "This machine is leaving and needs nothing.");
        if (guest.Fetched is null)
            step.Record(new ScalerEvent.InstanceChanged(guest.Id, new InstanceEvent.BootstrapFetched(ask.Claim, step.Now)));
        return new GuestAnswer.Granted(guest.Id, ask.NativeId, guest.Offer.Type, guest.Source, guest.Pool);
    }

    /// <summary>No instance of the launch has this machine, or it is not known yet: a machine can be quicker than the answer to its launch.</summary>
    private static GuestAnswer Stranger(ScalerStep step, ScalerCommand.AskBootstrap ask)
    {
        InstanceState[] launch = [.. ask.Launch.Select(i => step.State.Instances.GetValueOrDefault(i)).OfType<InstanceState>()];
        if (launch.Any(i => i.Phase == Phase.Launching))
            return new GuestAnswer.TooEarly("The answer to this machine's launch is not there yet.");
        if (launch.FirstOrDefault() is { } any)
            Warn(step, any, $"machine {ask.NativeId} asked for what makes a worker with the ticket of a launch that it is not of (the one of instance {any.Id}), and was refused");
        return new GuestAnswer.Refused("No instance of this ticket's launch has this machine.");
    }

    private static InstanceState? Find(ScalerState state, IEnumerable<InstanceId> launch, string nativeId) =>
        launch.Select(i => state.Instances.GetValueOrDefault(i)).FirstOrDefault(i => i is not null && i.NativeId == nativeId);

    /// <summary>Once for an instance, so that whoever goes on trying does not fill the journal.</summary>
    private static void Warn(ScalerStep step, InstanceState instance, string sentence)
    {
        if (instance.FetchRefused)
            return;
        step.Record(new ScalerEvent.InstanceNoticed(instance.Id, new InstanceEvent.BootstrapRefused()));
        step.Say(sentence);
    }
}
