using ControlPlane.Domain.Scaling;

namespace ControlPlane.Providers.Plugins;

/// <summary>What came of asking a plug-in policy. Everything but <see cref="Advised"/> means: the queue keeps what it has, and the decision says why.</summary>
public abstract record PolicyAnswer
{
    private PolicyAnswer()
    {
    }

    /// <summary>A sentence for the operator.</summary>
    public abstract string Explanation { get; }

    /// <summary>The policy gave an advice that can be used.</summary>
    public sealed record Advised(ScalingAdvice Advice) : PolicyAnswer
    {
        public override string Explanation => Advice.Reason;
    }

    /// <summary>The policy, or its constructor, threw.</summary>
    /// <param name="Policy">The policy's name.</param>
    /// <param name="Message">The exception's type and message.</param>
    public sealed record Threw(string Policy, string Message) : PolicyAnswer
    {
        public override string Explanation => $"The policy {Policy} threw {Message}";
    }

    /// <summary>The policy did not answer within its limit. It is not called again until the evaluation that still runs has ended.</summary>
    public sealed record TimedOut(string Policy, TimeSpan Limit) : PolicyAnswer
    {
        public override string Explanation => $"The policy {Policy} gave no answer within {Limit.TotalSeconds} s.";
    }

    /// <summary>The policy was not called because an earlier evaluation has not ended.</summary>
    /// <param name="Policy">The policy's name.</param>
    /// <param name="Since">When that evaluation began, UTC.</param>
    public sealed record StillRunning(string Policy, DateTimeOffset Since) : PolicyAnswer
    {
        public override string Explanation => $"The policy {Policy} has been running since {Since:u} and is not called again before it ends.";
    }

    /// <summary>The policy gave an advice that means nothing.</summary>
    /// <param name="Policy">The policy's name.</param>
    /// <param name="Why">What is wrong with it, as a sentence.</param>
    public sealed record Refused(string Policy, string Why) : PolicyAnswer
    {
        public override string Explanation => $"The advice of the policy {Policy} was refused. {Why}";
    }
}
