using System.Globalization;
using System.Text;

namespace ControlPlane.ClusterTests;

/// <summary>The configuration: queues with money enough, and some whose budget bites.</summary>
internal static class Document
{
    /// <summary>What the budget with money enough may cost, in micro-dollars.</summary>
    public const long Limit = 500_000_000;

    /// <summary>A machine that lives for less than a minute costs 0.0168 dollars, and its lease holds twice that.</summary>
    public const long SomeMachines = 100_000;

    /// <summary>Queues that the budget <c>lab</c> pays.</summary>
    public static readonly IReadOnlyList<string> Free = [.. Enumerable.Range(0, 188).Select(i => string.Create(CultureInfo.InvariantCulture, $"q{i:000}"))];

    /// <summary>Queues that the budget <c>tight</c> pays.</summary>
    public static readonly IReadOnlyList<string> Tight = [.. Enumerable.Range(0, 12).Select(i => string.Create(CultureInfo.InvariantCulture, $"t{i:000}"))];

    public static readonly IReadOnlyList<string> Queues = [.. Free, .. Tight];

    /// <param name="emulator">The EC2 emulator's address.</param>
    /// <param name="tight">The limit of the budget that bites, in micro-dollars.</param>
    public static string Text(Uri emulator, long tight)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $$"""
            version: 1
            sources: [{ name: embedded, kind: embedded, pace: 1s }]
            providers:
              - name: cloud
                kind: aws
                sweepEvery: 2s
                consistencyWindow: 10s
                orphanGrace: 10s
                launchesPerSecond: 40
                launchBurst: 100
                instancesPerSecond: 40
                terminationsPerSecond: 20
                aws: { region: us-east-1, endpoint: "{{emulator}}" }
            budgets:
              - { name: lab, limit: {{Limit / 1_000_000}}, window: total, whenDry: drain }
              - { name: tight, limit: {{tight / 1_000_000m}}, window: total, whenDry: drain }
            pools:

            """));
        foreach (var queue in Queues)
        {
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: {PoolOf(queue)}, provider: cloud, maxInstances: 2, maxBootTime: 5m, leaseLength: 2m, ");
            text.Append("aws: { types: [g5.xlarge], zones: [us-east-1a], image: { id: ami-0a1b2c3d4e5f60002 } } }\n");
        }

        text.Append("queues:\n");
        foreach (var queue in Queues)
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: {queue}, source: embedded, budget: {(Tight.Contains(queue) ? "tight" : "lab")}, maxIdleTime: 4s, pools: [{PoolOf(queue)}] }}\n");
        return text.ToString();
    }

    public static string PoolOf(string queue) => $"p-{queue}";
}
