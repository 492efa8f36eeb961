using System.Diagnostics.Metrics;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Providers.Plugins;

/// <summary>
/// One plug-in policy behind a guard: it may throw, loop or talk nonsense, and the caller still gets an answer in time. One guard for each queue,
/// so that a policy that hangs in one queue's situation does not silence the others.
/// </summary>
/// <remarks>
/// .NET cannot end a thread. A policy that loops keeps its thread, one for each guard and no more, until the process ends. A policy that overflows
/// the stack or ends the process takes the node with it: plug-ins are code that the operator trusts, the guard is against mistakes.
/// </remarks>
/// <param name="name">The policy's name, for the metric and the thread.</param>
/// <param name="create">Makes the policy; called once, on the guarded thread, so that a constructor that throws or loops is caught too.</param>
/// <param name="time">Measures the limit.</param>
/// <param name="limit">How long one evaluation may take: more than 0, usually <see cref="DefaultLimit"/>.</param>
public sealed class GuardedPolicy(string name, Func<IScalingPolicy> create, TimeProvider time, TimeSpan limit)
{
    /// <summary>How long an evaluation may take unless the caller says otherwise.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(1);

    /// <summary>A longer reason is refused: reasons are recorded with every decision.</summary>
    public const int MaxReasonLength = 1000;

    private static readonly Meter Meter = new("ControlPlane");
    private static readonly Counter<long> Evaluations = Meter.CreateCounter<long>(
        "controlplane.policy.evaluations", description: "Evaluations of plug-in policies, by policy and outcome.");

    private readonly Lock gate = new();
    private readonly TimeSpan limit = limit > TimeSpan.Zero
        ? limit
        : throw new ArgumentOutOfRangeException(nameof(limit), limit, "The time limit of a policy must be more than 0.");

    // Touched only by the evaluating thread, of which there is one at a time.
    private IScalingPolicy? policy;
    private DateTimeOffset? runningSince;

    public string Name => name;

    /// <summary>Asks the policy. Returns within the limit, and never throws what the policy threw.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled first; the evaluation runs on and counts as running.</exception>
    public async Task<PolicyAnswer> AdviseAsync(Situation situation, CancellationToken cancel)
    {
        var answer = await AskAsync(situation, cancel);
        Evaluations.Add(1, new("policy", name), new("outcome", answer.GetType().Name));
        return answer;
    }

    private async Task<PolicyAnswer> AskAsync(Situation situation, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (runningSince is { } since)
            {
                return new PolicyAnswer.StillRunning(since);
            }

            runningSince = time.GetUtcNow();
        }

        // A thread of its own and not the pool's: a handful of looping policies would starve everything else that runs there.
        var evaluated = new TaskCompletionSource<PolicyAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            var answer = Evaluate(situation);
            Free();
            evaluated.SetResult(answer);
        })
        {
            IsBackground = true,
            Name = $"policy {name}",
        };
        try
        {
            thread.Start();
        }
        catch
        {
            Free();
            throw;
        }

        try
        {
            return await evaluated.Task.WaitAsync(limit, time, cancel);
        }
        catch (TimeoutException)
        {
            return new PolicyAnswer.TimedOut(limit);
        }
    }

    private void Free()
    {
        lock (gate)
        {
            runningSince = null;
        }
    }

    private PolicyAnswer Evaluate(Situation situation)
    {
        try
        {
            policy ??= create();
            return Check(policy.Advise(situation));
        }
        catch (Exception e)
        {
            // Code of others: whatever it throws is its answer.
            return new PolicyAnswer.Threw($"{e.GetType().Name}: {e.Message}");
        }
    }

    private static PolicyAnswer Check(ScalingAdvice? advice) => advice switch
    {
        null => new PolicyAnswer.Refused("it returned null; an advice is due also when nothing is to change"),
        { Wanted: < 0 } => new PolicyAnswer.Refused($"it wants {advice.Wanted} instances; the number is that of instances in all, at least 0"),
        _ when string.IsNullOrWhiteSpace(advice.Reason) => new PolicyAnswer.Refused("it gave no reason; a sentence for the operator is due"),
        { Reason.Length: > MaxReasonLength } => new PolicyAnswer.Refused($"its reason has {advice.Reason.Length} characters; {MaxReasonLength} is the most"),
        _ => new PolicyAnswer.Advised(advice),
    };
}
