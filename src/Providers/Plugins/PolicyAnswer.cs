using ControlPlane.Domain.Scaling;

namespace ControlPlane.Providers.Plugins;

/// <summary>What came of asking a plug-in policy: an advice, or the reason why there is none. Without an advice the queue keeps what it has.</summary>
public abstract record PolicyAnswer
{
    private PolicyAnswer()
    {
    }

    /// <summary>The advice; null if there is none that can be used.</summary>
    public virtual ScalingAdvice? Advice => null;

    /// <summary>Why there is no advice, to follow "its policy failed: "; null if there is one.</summary>
    public abstract string? Failure { get; }

    /// <summary>The policy gave an advice that can be used.</summary>
    public sealed record Advised(ScalingAdvice Given) : PolicyAnswer
    {
        public override ScalingAdvice? Advice => Given;

        public override string? Failure => null;
    }

    /// <summary>The policy, or its constructor, threw.</summary>
    /// <param name="What">The exception's type and message.</param>
    public sealed record Threw(string What) : PolicyAnswer
    {
        public override string Failure => $"it threw {What}";
    }

    /// <summary>The policy did not answer within its limit. It is not called again until the evaluation that still runs has ended.</summary>
    public sealed record TimedOut(TimeSpan Limit) : PolicyAnswer
    {
        public override string Failure => $"it gave no answer within {Limit.TotalSeconds} s";
    }

    /// <summary>The policy was not called because an earlier evaluation has not ended.</summary>
    /// <param name="Since">When that evaluation began, UTC.</param>
    public sealed record StillRunning(DateTimeOffset Since) : PolicyAnswer
    {
        public override string Failure => $"it has been running since {Since:u} and is not called again before it ends";
    }

    /// <summary>The policy gave an advice that means nothing.</summary>
    /// <param name="Why">What is wrong with it.</param>
    public sealed record Refused(string Why) : PolicyAnswer
    {
        public override string Failure => Why;
    }
}
