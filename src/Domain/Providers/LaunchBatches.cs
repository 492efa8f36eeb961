namespace ControlPlane.Domain.Providers;

/// <summary>
/// Launches in batches. Promise P2 is kept here: a token is persisted with its intents and its offer before the provider is asked, the same question is
/// repeated until every answer is definite, and an attempt that was answered is never asked again.
/// </summary>
internal static class LaunchBatches
{
    /// <summary>A batch is sent when it is full, when nobody joined it for so long ...</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(35);

    /// <summary>... or when its first member has waited for so long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    /// <summary>The same of batches of <see cref="WorthACall"/> and more where calls are few: leases come in groups, and whoever waits for the next group saves a call.</summary>
    private static readonly TimeSpan LongestQuiet = TimeSpan.FromMilliseconds(150);

    /// <summary>The longest wait of a first member where calls are few.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(1);

    /// <summary>Instances for which a call is made where their bucket is short: more wait for more tokens.</summary>
    private const int WorthACall = 10;

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
        if (step.State.Gathering.ContainsKey(instance) || step.State.IsOpen(instance))
            return;

        if (command.Intent.Adopts is null && OfferMemory.Refusal(step, instance, command.Offer.Key) is { } refusal)
        {
            Refuse(step, [new PendingAnswer(command.Intent.Queue, command.Attempt, refusal)]);
            return;
        }

        step.Note(s => s with { Gathering = s.Gathering.Add(instance, new Gathered(command, step.Now)), FlushAt = s.FlushAt < step.Now + Quiet ? s.FlushAt : step.Now + Quiet });
    }

    /// <summary>When the first batch is complete, and there are tokens for it.</summary>
    private static DateTimeOffset? NextFlush(GatewayState state)
    {
        DateTimeOffset? next = null;
        foreach (var group in state.Gathering.Values.GroupBy(Shape))
        {
            if (OfferMemory.IsHeld(state, group.Key.Offer.Key))
                continue;
            var at = Later(ReadyAt(state, [.. group]), Later(CallRates.LaunchAt(state), CallRates.InstancesAt(state, Least(state, group.Key.Offer.Key, group.Count()))));
            if (next is null || at < next)
                next = at;
        }

        return next;
    }

    public static void Flush(GatewayStep step)
    {
        if (step.Spec is null || !(step.State.FlushAt <= step.Now))
            return;
        Send(step);
        step.Note(s => s with { FlushAt = NextFlush(s) });
    }

    private static void Send(GatewayStep step)
    {
        var number = 0;
        foreach (var group in step.State.Gathering.Values.GroupBy(Shape).ToArray())
        {
            var offer = group.Key.Offer.Key;
            Gathered[] left = [.. group];

            // What is left over by full calls waits for others as any does.
            while (left.Length > 0 && ReadyAt(step.State, left) <= step.Now && !OfferMemory.IsHeld(step.State, offer))
            {
                if (step.State.Bucket.Level < 1)
                    return;
                var size = Math.Min(Math.Min(left.Length, Most(step.State, offer)), CallRates.Instances(step.State));
                if (size < Least(step.State, offer, left.Length))
                    break;
                Open(step, left[..size], number++);
                left = left[size..];
            }
        }
    }

    private static void Open(GatewayStep step, Gathered[] members, int number)
    {
        var first = members[0].Launch;
        var batch = new LaunchBatch(step.Moment.NewId(number), first.Offer, first.Pool, [.. members.Select(m => m.Launch.Intent)]);
        step.Record(new GatewayEvent.BatchOpened(batch, [.. members.Select(m => m.Launch.Attempt)], step.Now));
        step.Note(s => CallRates.Spend(s, members.Length).WithCall(batch.Token, new CallState(true, 1, step.Now)) with
        {
            Gathering = s.Gathering.RemoveRange(members.Select(m => m.Launch.Intent.Instance)),
        });
        step.Do(new GatewayEffect.CallLaunch(batch));
    }

    /// <summary>The most instances of one call.</summary>
    private static int Most(GatewayState state, Pricing.OfferKey offer) => Math.Min(CallRates.Limits(state.Spec!).LaunchBatch, OfferMemory.Window(state, offer));

    /// <summary>Where the bucket of instances is short, a call waits until there are tokens for some at once.</summary>
    private static int Least(GatewayState state, Pricing.OfferKey offer, int waiting) =>
        Math.Min(Math.Min(waiting, Most(state, offer)), Math.Min(WorthACall, CallRates.Limits(state.Spec!).InstanceBurst ?? WorthACall));

    /// <summary>Calls batches again whose answer was not definite, or was lost with a node.</summary>
    public static void Repeat(GatewayStep step)
    {
        if (step.Spec is null)
            return;
        foreach (var token in step.State.Resting.Order(StringComparer.Ordinal).ToArray())
        {
            var call = step.State.Calls.GetValueOrDefault(token);
            if (call is { Busy: true } || call?.RetryAt > step.Now)
                continue;
            if (step.State.Bucket.Level < 1)
                return;
            step.Note(s => CallRates.Spend(s, 0).WithCall(token, new CallState(true, (call?.Tries ?? 0) + 1, step.Now)));
            step.Do(new GatewayEffect.CallLaunch(step.State.Batches[token].Batch));
        }
    }

    public static void Answered(GatewayStep step, GatewayCommand.LaunchAnswered command)
    {
        if (!step.State.Batches.TryGetValue(command.Token, out var batch))
            return;
        var (wasHeld, rate) = (OfferMemory.IsHeld(step.State, batch.Batch.Offer.Key), step.State.LaunchRate);
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

        Learn(step, batch, command, definite);
        var tries = step.State.Calls.GetValueOrDefault(command.Token)?.Tries ?? 1;
        step.Note(s => s.WithCall(command.Token, s.Batches.ContainsKey(command.Token) ? new CallState(false, tries, step.Now + BackOff(tries, step.Moment.Seed)) : null));

        // Only an answer that frees an offer, gives tokens back or changes the rate makes what is gathered ready earlier: to look at all of it at each answer of a burst takes
        // time that grows with its square.
        var changes = wasHeld || rate != step.State.LaunchRate || definite.Length < batch.Open.Count || Array.Exists(definite, d => d.Outcome is LaunchOutcome.Failed);
        if (step.Spec is not null && !step.State.Gathering.IsEmpty && changes)
            step.Note(s => s with { FlushAt = NextFlush(s) });
    }

    /// <summary>What an answer says of the offer and of the rate of calls. One that comes twice says it once.</summary>
    private static void Learn(GatewayStep step, OpenBatch batch, GatewayCommand.LaunchAnswered command, PendingAnswer[] definite)
    {
        var offer = batch.Batch.Offer.Key;
        var isAwaited = step.State.Calls.GetValueOrDefault(command.Token) is { Busy: true };
        if (isAwaited && command.Outcomes.All(o => o is LaunchOutcome.Failed { Fault: ProviderFault.Throttled }))
            CallRates.Throttled(step, LimitedCall.Launch);
        else if (isAwaited && !command.Outcomes.Any(o => o is LaunchOutcome.Failed { Fault: ProviderFault.Indeterminate or ProviderFault.Throttled }))
            CallRates.Answered(step, LimitedCall.Launch);

        var launched = definite.Count(a => a.Outcome is LaunchOutcome.Launched);
        if (definite.Select(a => a.Outcome).OfType<LaunchOutcome.Failed>().FirstOrDefault(f => f.Fault is ProviderFault.InsufficientCapacity or ProviderFault.QuotaExceeded) is not { } none)
        {
            if (launched > 0)
                OfferMemory.Served(step, offer);
            return;
        }

        OfferMemory.Refused(step, batch.Batch, none, launched);

        // What was not launched took no tokens, and who waits to ask the same would ask in vain.
        step.Note(s => s with { InstanceBucket = s.InstanceBucket.Less(launched - definite.Length) });
        Gathered[] vain = [.. step.State.Gathering.Values.Where(g => g.Launch.Offer.Key == offer)];
        step.Note(s => s with { Gathering = s.Gathering.RemoveRange(vain.Select(g => g.Launch.Intent.Instance)) });
        PendingAnswer[] refused = [.. vain.Select(g => new PendingAnswer(g.Launch.Intent.Queue, g.Launch.Attempt, OfferMemory.Refusal(step, g.Launch.Intent.Instance, offer)!))];
        if (refused.Length > 0)
            Refuse(step, refused);
    }

    private static void Refuse(GatewayStep step, PendingAnswer[] refused)
    {
        step.Record(new GatewayEvent.LaunchesAnswered("", refused, step.Now));
        foreach (var answer in refused)
            step.Do(GatewayDecider.Tell(answer.Outcome.Instance, answer));
    }

    private static bool IsDefinite(LaunchOutcome outcome) =>
        outcome is not LaunchOutcome.Failed { Fault: ProviderFault.Indeterminate or ProviderFault.Throttled };

    // One queue's only, too: what its machines are told at boot is one text for the batch, and names the queue.
    private static (Pricing.Offer Offer, string Pool, string Revision, Queues.QueueName Queue, bool Adopts) Shape(Gathered g) =>
        (g.Launch.Offer, g.Launch.Pool.Name, g.Launch.Pool.Revision, g.Launch.Intent.Queue, g.Launch.Intent.Adopts is not null);

    /// <summary>When launches of one shape are sent. Where calls are few, it is worth while to wait for the time that a call or two take to be had again.</summary>
    private static DateTimeOffset ReadyAt(GatewayState state, Gathered[] group)
    {
        if (group.Length >= Most(state, group[0].Launch.Offer.Key))
            return DateTimeOffset.MinValue;
        var perCall = TimeSpan.FromSeconds(1 / state.Spec!.LaunchesPerSecond);
        var quiet = group.Max(g => g.At) + (group.Length < WorthACall ? Quiet : Within(perCall / 4, Quiet, LongestQuiet));
        var patience = group.Min(g => g.At) + Within(perCall * 2, Patience, LongestPatience);
        return quiet < patience ? quiet : patience;
    }

    private static TimeSpan Within(TimeSpan time, TimeSpan least, TimeSpan most) => time < least ? least : time > most ? most : time;

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    /// <summary>1 s doubling to 30 s, with up to a quarter more.</summary>
    public static TimeSpan BackOff(int tries, ulong seed) =>
        TimeSpan.FromSeconds(Math.Min(30, Math.Pow(2, Math.Min(tries - 1, 10))) * (1 + (seed % 256 / 1024.0)));
}
