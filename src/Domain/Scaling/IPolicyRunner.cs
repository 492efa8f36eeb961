namespace ControlPlane.Domain.Scaling;

/// <summary>What came of asking a plug-in policy. Exactly one of the two is set.</summary>
/// <param name="Advice">What it wants.</param>
/// <param name="Failure">Why it has no advice, as a sentence: it threw, it takes too long, it does not exist, it wants nonsense.</param>
public sealed record PolicyAnswer(ScalingAdvice? Advice, string? Failure);

/// <summary>Runs plug-in policies, which may throw or loop, so that neither hurts anybody else. Port: implemented in Providers, called by Actors.</summary>
public interface IPolicyRunner
{
    /// <summary>Asks the policy of this name. Answers within a limit of its own, whatever the policy does; never throws but for a cancellation.</summary>
    Task<PolicyAnswer> AskAsync(string typeName, Situation situation, CancellationToken cancel);
}
