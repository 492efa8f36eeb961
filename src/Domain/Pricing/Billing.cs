namespace ControlPlane.Domain.Pricing;

/// <summary>How a platform bills time: each instance for at least <paramref name="Minimum"/>, then by the second.</summary>
/// <param name="Minimum">The platform's minimum billing, e.g. 60 s on EC2 and Compute Engine.</param>
public sealed record Billing(TimeSpan Minimum)
{
    public static readonly Billing PerSecond = new(TimeSpan.Zero);

    /// <summary>The end of the billed time of an instance that ran from <paramref name="start"/> to <paramref name="end"/>.</summary>
    public DateTimeOffset BilledEnd(DateTimeOffset start, DateTimeOffset end) => end - start < Minimum ? start + Minimum : end;
}
