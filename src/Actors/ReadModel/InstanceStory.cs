using System.Diagnostics;
using System.Globalization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Actors.ReadModel;

/// <summary>The life of an instance in sentences: one for each of its events. Pure.</summary>
public static class InstanceStory
{
    public static string Of(ScalerEvent.InstanceRequested requested) => requested.Adopts is { } adopted
        ? $"It was requested in pool {requested.Pool} to take over machine {adopted.NativeId}, which another autoscaler started, and asks for its lease."
        : $"It was requested in pool {requested.Pool} and asks for its lease.";

    public static string Of(InstanceEvent @event) => @event switch
    {
        InstanceEvent.LeaseWaits e => $"It waits for money: {e.Denial.Sentence}.",
        InstanceEvent.LeaseGranted e => $"Its time is prepaid until {Clock(e.Until)}.",
        InstanceEvent.LeaseDenied e => $"Its lease is not renewed: {e.Denial.Sentence}.",
        InstanceEvent.LeaseOverdue => "Its prepaid time is nearly over and the ledger has not answered.",
        InstanceEvent.LaunchStarted e => $"Attempt {e.Attempt}: {e.Offer.Key} at {e.Offer.Rate} is asked for.",
        InstanceEvent.LaunchRefused e => $"Attempt {e.Attempt} was refused ({Fault(e.Fault)}): {Ended(e.Message)}",
        InstanceEvent.SpotAwaited e => $"No spot offer has capacity: it asks again at {Clock(e.AskAgainAt)}.",
        InstanceEvent.Launched e => $"Its machine {e.NativeId} exists and is billed from {Clock(e.StartedAt)}{(e.Rate is { } rate ? $" at {rate}" : "")}; it boots.",
        InstanceEvent.PriceSeen e => $"Its provider bills it at {e.Rate}.",
        InstanceEvent.BootstrapFetched => "Its machine fetched what makes it a worker; its ticket is used up.",
        InstanceEvent.WorkerRegistered e => $"Its worker {e.Worker} has registered.",
        InstanceEvent.WorkerBusy e => $"It works on {Words.Count(e.Tasks.Count, "task")}: {string.Join(", ", e.Tasks)}.",
        InstanceEvent.WorkerIdle e => $"It has had nothing to do since {Clock(e.Since)}.",
        InstanceEvent.CancelRequested e => $"It is no longer wanted because {Ended(e.Because)} Whether its machine exists must be known first.",
        InstanceEvent.DrainStarted { AtNotice: true } e => $"It takes no new task, its tasks go back and it is ended, because {Ended(e.Because)}",
        InstanceEvent.DrainStarted e => $"It takes no new task and leaves when it is idle, because {Ended(e.Because)}",
        InstanceEvent.FeedingStopped { Supported: true } => "Its source gives it no more tasks.",
        InstanceEvent.FeedingStopped => "Its source cannot stop giving it tasks: it must be seen idle twice.",
        InstanceEvent.TerminationStarted e => $"Its provider is told to end it, because {Ended(e.Because)}",
        InstanceEvent.ConsoleKept { Lines.Count: 0 } => "Nothing stands on its console.",
        InstanceEvent.ConsoleKept e => $"{ConsoleHead}{string.Join(NextLine, e.Lines)}{ConsoleFoot}",
        InstanceEvent.Ended e => $"It ended at {Clock(e.EndedAt)}: {Ended(e.Because)}",
        InstanceEvent.TasksReturned e => Returned(e),
        InstanceEvent.Settled => "Its account is settled.",
        _ => throw new UnreachableException($"No sentence for {@event.GetType().Name}."),
    };

    private const string ConsoleHead = "The last lines on its console were: ";
    private const string NextLine = " \u23ce ";
    private const string ConsoleFoot = " .";

    /// <summary>The lines of a console in the sentence that tells of them; null if it is another sentence.</summary>
    public static IReadOnlyList<string>? ConsoleIn(string sentence) =>
        sentence.StartsWith(ConsoleHead, StringComparison.Ordinal) && sentence.EndsWith(ConsoleFoot, StringComparison.Ordinal)
            ? sentence[ConsoleHead.Length..^ConsoleFoot.Length].Split(NextLine)
            : null;

    private static string Returned(InstanceEvent.TasksReturned e) => (e.Requeued.Count, e.GivenUp.Count) switch
    {
        (0, 0) => "It left no task behind.",
        (_, 0) => $"{Words.Count(e.Requeued.Count, "task")} went back to the queue: {string.Join(", ", e.Requeued)}.",
        (0, _) => $"{Words.Count(e.GivenUp.Count, "task")} had no attempt left and failed: {string.Join(", ", e.GivenUp)}.",
        _ => $"{Words.Count(e.Requeued.Count, "task")} went back to the queue ({string.Join(", ", e.Requeued)}), {Words.Count(e.GivenUp.Count, "task")} had no attempt left and failed "
            + $"({string.Join(", ", e.GivenUp)}).",
    };

    internal static string Fault(ProviderFault fault) => fault switch
    {
        ProviderFault.InsufficientCapacity => "no capacity",
        ProviderFault.QuotaExceeded => "quota used up",
        ProviderFault.Throttled => "too many calls",
        ProviderFault.Misconfigured => "a person must mend it",
        ProviderFault.Indeterminate => "the result is not known",
    };

    internal static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Ended(string sentence) => sentence.EndsWith('.') ? sentence : $"{sentence}.";
}
