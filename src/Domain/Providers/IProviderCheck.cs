using ControlPlane.Domain.Pools;

namespace ControlPlane.Domain.Providers;

/// <summary>How a check came out.</summary>
public enum Verdict
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>It could not be checked, or may become a trouble.</summary>
    Doubtful,

    /// <summary>It will not work as it stands.</summary>
    Failed,
}

/// <summary>One thing that was checked.</summary>
/// <param name="Subject">What was looked at, such as <c>pool gpu: image</c>.</param>
/// <param name="Verdict">How it came out.</param>
/// <param name="Message">What was found, in the platform's words where it is the platform's.</param>
/// <param name="Fix">What to do; null if there is nothing to do.</param>
public sealed record ProviderFinding(string Subject, Verdict Verdict, string Message, string? Fix);

/// <summary>What a look over a provider and its pools found.</summary>
/// <param name="Findings">In the order in which they were checked.</param>
/// <param name="Policy">The least that the provider's credentials must be allowed, in the platform's own form; null if the platform has none.</param>
public sealed record ProviderReport(IReadOnlyList<ProviderFinding> Findings, string? Policy);

/// <summary>Looks over a provider and its pools before they are needed. Implemented by providers that can; launches and changes nothing.</summary>
public interface IProviderCheck
{
    /// <summary>Checks all that can be checked without launching anything. A fault of the platform is a finding.</summary>
    Task<ProviderReport> CheckAsync(IReadOnlyList<PoolSpec> pools, CancellationToken cancel);
}
