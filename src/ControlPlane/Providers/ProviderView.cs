using ControlPlane.Actors.Providers;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Providers;

/// <summary>A provider as it is declared and as it is now.</summary>
/// <param name="Name">Unique among providers.</param>
/// <param name="Kind">What platform it is.</param>
/// <param name="SweepEvery">How often all machines are listed.</param>
/// <param name="ConsistencyWindow">How long a machine may be missing from lists although it exists.</param>
/// <param name="OrphanGrace">How long a machine that nobody knows is left alone.</param>
/// <param name="LaunchesPerSecond">How many launch calls a second are made at most.</param>
/// <param name="LaunchBurst">How many may follow each other at once.</param>
/// <param name="State">How it is now; null if its gateway did not answer.</param>
public sealed record ProviderView(
    string Name, string Kind, string SweepEvery, string ConsistencyWindow, string OrphanGrace, double LaunchesPerSecond, int LaunchBurst, ProviderStateView? State)
{
    public static ProviderView From(ProviderSpec spec, GatewayView? live) => new(
        spec.Name,
        spec.Kind,
        DurationText.Format(spec.SweepEvery),
        DurationText.Format(spec.ConsistencyWindow),
        DurationText.Format(spec.OrphanGrace),
        spec.LaunchesPerSecond,
        spec.LaunchBurst,
        live is null ? null : ProviderStateView.From(live));
}

/// <summary>How a provider is now.</summary>
/// <param name="Healthy">Whether the last list of machines was complete.</param>
/// <param name="Fault">Why it was not.</param>
/// <param name="FailedSweeps">Lists that failed in a row.</param>
/// <param name="NextSweepAt">When the machines are listed next.</param>
/// <param name="Machines">Machines of ours in the last list.</param>
/// <param name="Orphans">Those of them that nobody knows.</param>
/// <param name="LaunchesInFlight">Launches without a definite answer.</param>
/// <param name="Terminating">Machines that are being ended.</param>
/// <param name="WithoutCapacity">Offers that are not asked for the time being.</param>
public sealed record ProviderStateView(
    bool Healthy, string? Fault, int FailedSweeps, DateTimeOffset NextSweepAt, int Machines, int Orphans, int LaunchesInFlight, int Terminating,
    IReadOnlyList<ExhaustedOfferView> WithoutCapacity)
{
    public static ProviderStateView From(GatewayView live) => new(
        live.Configured && live.Fault is null,
        live.Fault,
        live.FailedSweeps,
        live.NextSweepAt,
        live.Machines,
        live.Orphans,
        live.LaunchesInFlight,
        live.Terminating,
        [.. live.Exhausted.Select(e => new ExhaustedOfferView(e.Offer.ToString(), e.Until, e.Message))]);
}

/// <summary>An offer that had no capacity.</summary>
public sealed record ExhaustedOfferView(string Offer, DateTimeOffset Until, string Message);

/// <summary>What a look over a provider found.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Ok">Nothing failed.</param>
/// <param name="Findings">In the order in which they were checked.</param>
/// <param name="Policy">The least that its credentials must be allowed; null if the platform has no such thing.</param>
public sealed record ProviderReportView(string Provider, bool Ok, IReadOnlyList<ProviderFindingView> Findings, string? Policy)
{
    public static ProviderReportView From(string provider, ProviderReport report) => new(
        provider,
        report.Findings.All(f => f.Verdict != Verdict.Failed),
        [.. report.Findings.Select(f => new ProviderFindingView(f.Subject, f.Verdict, f.Message, f.Fix))],
        report.Policy);
}

/// <summary>One thing that was checked.</summary>
/// <param name="Subject">What was looked at.</param>
/// <param name="Verdict">How it came out.</param>
/// <param name="Message">What was found.</param>
/// <param name="Fix">What to do; null if there is nothing to do.</param>
public sealed record ProviderFindingView(string Subject, Verdict Verdict, string Message, string? Fix);
