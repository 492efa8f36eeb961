namespace ControlPlane.Domain.Providers;

/// <summary>
/// Launches in batches. Promise P2 is kept here: a token is persisted with its intents and its offer before the provider is asked, the same question is
/// repeated until every answer is definite, and an attempt that was answered is never asked again.
/// </summary>
internal static class LaunchBatches
{
    /// <summary>A batch is sent when nobody joined it for so long ...</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(35);

    /// <summary>... or when its first member has waited for so long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private const int MostInBatch = 100;

    public static void Ask(GatewayStep step, GatewayCommand.Launch command)
    {
        var instance = command.Intent.Instance;
        if (step.State.Answers.TryGetValue(instance, out var answer))
        {
            if (answer.Attempt >= command.Attempt)
            {
                step.Do(GatewayDecider.Tell(instance, answer));
                return;
            }

            // Whoever asks for the next attempt has recorded the answer of the last one.
            step.Record(new GatewayEvent.AnswerAcknowledged(instance, answer.Attempt, step.Now));
        }

        if (step.State.Closed.TryGetValue(instance, out var closed) && closed.Attempt >= command.Attempt)
            return;
        if (step.State.Gathering.ContainsKey(instance) || step.State.Batches.Values.Any(b => b.Open.Contains(instance)))
            return;

        if (command.Intent.Adopts is null && step.State.Exhausted.Find(x => x.Offer == command.Offer.Key && x.Until > step.Now) is { } exhausted)
        {
            var refusal = new LaunchOutcome.Failed(instance, ProviderFault.InsufficientCapacity, $"{exhausted.Message} (not asked again before {exhausted.Until:HH:mm:ss} UTC)");
            var told = new PendingAnswer(command.Intent.Queue, command.Attempt, refusal);
            step.Record(new GatewayEvent.LaunchesAnswered("", [told], step.Now));
            step.Do(GatewayDecider.Tell(instance, told));
            return;
        }

        step.Note(s => s with { Gathering = s.Gathering.Add(instance, new Gathered(command, step.Now)), FlushAt = s.FlushAt ?? step.Now + Quiet });
    }

    /// <summary>When the first batch is complete and a token of the bucket is there.</summary>
    private static DateTimeOffset? NextFlush(GatewayState state)
    {
        if (state.Gathering.IsEmpty)
            return null;
        var missing = 1 - state.Bucket.Level;
        return missing > 0
            ? state.Bucket.At + TimeSpan.FromSeconds(missing / state.Spec!.LaunchesPerSecond) + TimeSpan.FromMilliseconds(1)
            : state.Gathering.Values.GroupBy(Shape).Min(ReadyAt);
    }

    public static void Flush(GatewayStep step)
    {
        if (step.Spec is not { } spec || !(step.State.FlushAt <= step.Now))
            return;
        step.Note(s => s with { Bucket = s.Bucket.Refilled(spec.LaunchesPerSecond, spec.LaunchBurst, step.Now) });
        Send(step);
        step.Note(s => s with { FlushAt = NextFlush(s) });
    }

    private static void Send(GatewayStep step)
    {
        var number = 0;
        foreach (var group in step.State.Gathering.Values.GroupBy(Shape).Where(g => ReadyAt(g) <= step.Now).ToArray())
        {
            foreach (var members in group.Chunk(MostInBatch))
            {
                if (step.State.Bucket.Level < 1)
                    return;
                var first = members[0].Launch;
                var batch = new LaunchBatch(step.Moment.NewId(number++), first.Offer, first.Pool, [.. members.Select(m => m.Launch.Intent)]);
                step.Record(new GatewayEvent.BatchOpened(batch, [.. members.Select(m => m.Launch.Attempt)], step.Now));
                step.Note(s => s with
                {
                    Gathering = s.Gathering.RemoveRange(members.Select(m => m.Launch.Intent.Instance)),
                    Bucket = s.Bucket with { Level = s.Bucket.Level - 1 },
                    Calls = s.Calls.SetItem(batch.Token, new CallState(true, 1, step.Now)),
                });
                step.Do(new GatewayEffect.CallLaunch(batch));
            }
        }
    }

    /// <summary>Calls batches again whose answer was not definite, or was lost with a node.</summary>
    public static void Repeat(GatewayStep step)
    {
        if (step.Spec is null)
            return;
        foreach (var (token, batch) in step.State.Batches)
        {
            var call = step.State.Calls.GetValueOrDefault(token);
            if (call is { Busy: true } || call?.RetryAt > step.Now)
                continue;
            step.Note(s => s with { Calls = s.Calls.SetItem(token, new CallState(true, (call?.Tries ?? 0) + 1, step.Now)) });
            step.Do(new GatewayEffect.CallLaunch(batch.Batch));
        }
    }

    public static void Answered(GatewayStep step, GatewayCommand.LaunchAnswered command)
    {
        if (!step.State.Batches.TryGetValue(command.Token, out var batch))
            return;
        var attempts = batch.Batch.Intents.Select((intent, i) => (intent.Instance, Attempt: batch.Attempts[i], intent.Queue)).ToDictionary(a => a.Instance);
        LaunchOutcome[] open = [.. command.Outcomes.Where(o => batch.Open.Contains(o.Instance))];

        // While one answer is missing the whole batch is asked again, and what was refused may then be launched: a refusal counts when nothing is left to ask.
        var askedAgain = open.Length < batch.Open.Count || Array.Exists(open, o => !IsDefinite(o));
        PendingAnswer[] definite =
        [
            .. open.Where(o => o is LaunchOutcome.Launched || !askedAgain)
                .Select(o => new PendingAnswer(attempts[o.Instance].Queue, attempts[o.Instance].Attempt, o)),
        ];
        if (definite.Length > 0)
        {
            step.Record(new GatewayEvent.LaunchesAnswered(command.Token, definite, step.Now));
            foreach (var answer in definite)
            {
                step.Do(GatewayDecider.Tell(answer.Outcome.Instance, answer));
                step.KeepHot(answer.Queue);
            }

            Sweeps.Soon(step);
        }

        if (definite.Select(a => a.Outcome).OfType<LaunchOutcome.Failed>().FirstOrDefault(f => f.Fault == ProviderFault.InsufficientCapacity) is { } none)
            step.Record(new GatewayEvent.OfferExhausted(new ExhaustedOffer(batch.Batch.Offer.Key, step.Now + batch.Batch.Pool.PauseOf(batch.Batch.Offer), none.Message), step.Now));

        var tries = step.State.Calls.GetValueOrDefault(command.Token)?.Tries ?? 1;
        step.Note(s => s with
        {
            Calls = s.Batches.ContainsKey(command.Token)
                ? s.Calls.SetItem(command.Token, new CallState(false, tries, step.Now + BackOff(tries, step.Moment.Seed)))
                : s.Calls.Remove(command.Token),
        });
    }

    private static bool IsDefinite(LaunchOutcome outcome) =>
        outcome is not LaunchOutcome.Failed { Fault: ProviderFault.Indeterminate or ProviderFault.Throttled };

    // One queue's only, too: what its machines are told at boot is one text for the batch, and names the queue.
    private static (Pricing.Offer Offer, string Pool, string Revision, Queues.QueueName Queue, bool Adopts) Shape(Gathered g) =>
        (g.Launch.Offer, g.Launch.Pool.Name, g.Launch.Pool.Revision, g.Launch.Intent.Queue, g.Launch.Intent.Adopts is not null);

    private static DateTimeOffset ReadyAt(IGrouping<(Pricing.Offer, string, string, Queues.QueueName, bool), Gathered> group)
    {
        var quiet = group.Max(g => g.At) + Quiet;
        var patience = group.Min(g => g.At) + Patience;
        return quiet < patience ? quiet : patience;
    }

    /// <summary>1 s doubling to 30 s, with up to a quarter more.</summary>
    private static TimeSpan BackOff(int tries, ulong seed) =>
        TimeSpan.FromSeconds(Math.Min(30, Math.Pow(2, Math.Min(tries - 1, 10))) * (1 + (seed % 256 / 1024.0)));
}
