using System.Text;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulation.Tests.Traces;

/// <summary>Small configurations and traces for replays.</summary>
internal static class Replays
{
    /// <summary>A dollar an hour, one GPU.</summary>
    public static readonly Offer OnDemand = new("node", "", Market.OnDemand, HourlyRate.FromDollars(1), HourlyRate.FromDollars(1), 1);

    public static readonly Offer Spot = new("node", "z", Market.Spot, HourlyRate.FromDollars(1), HourlyRate.FromDollars(0.25m), 1);

    /// <summary>Boots of exactly three minutes.</summary>
    public static ReplayOptions Options { get; } = new() { Boot = TimeSpan.FromMinutes(3) };

    public static Configuration Configuration(params IReadOnlyList<string> queues) => Configuration(new BudgetSpec { Name = new BudgetName("b") }, [OnDemand], queues);

    public static Configuration Configuration(BudgetSpec budget, IReadOnlyList<Offer> offers, params IReadOnlyList<string> queues) => new()
    {
        Sources = [new SourceSpec("source", "embedded", TimeSpan.FromSeconds(5))],
        Providers = [new ProviderSpec("cloud", "local", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), 20, 50)],
        Budgets = [budget],
        Pools =
        [
            .. queues.Select(q => new PoolSpec
            {
                Name = $"pool-{q}",
                Provider = "cloud",
                MaxInstances = 1_000,
                Offers = offers,
                Billing = new Billing(TimeSpan.FromMinutes(1)),
                Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string>(), TimeSpan.FromMinutes(1)),
                Revision = "r1",
            }),
        ],
        Queues = [.. queues.Select(q => new QueueEntry { Name = new QueueName(q), Source = "source", Budget = budget.Name, Pools = [$"pool-{q}"], MaxIdleTime = TimeSpan.FromMinutes(10) })],
    };

    /// <summary>Jobs as lines of submission, duration, queue and GPUs.</summary>
    public static JobTrace Trace(params IReadOnlyList<string> lines) =>
        JobTrace.Read(new MemoryStream(Encoding.UTF8.GetBytes("submit_s,duration_s,queue,gpus\n" + string.Join('\n', lines))), "t.csv");

    public static SpotTrace SpotTrace(params IReadOnlyList<string> lines) =>
        Simulation.Traces.SpotTrace.Read(new MemoryStream(Encoding.UTF8.GetBytes("time_s,zone,instance_type,available,price\n" + string.Join('\n', lines))), "s.csv");

    public static TraceOutcome Run(Configuration configuration, JobTrace trace, ReplayOptions? options = null)
    {
        var fit = TraceFit.Of("test", configuration, trace, options ?? Options);
        Assert.Empty(fit.Misfits);
        Assert.Empty(fit.Strangers);
        return new TraceReplay().Run(fit.Setup);
    }

    public static Configuration With(this Configuration configuration, PolicySpec policy) =>
        configuration with { Queues = [.. configuration.Queues.Select(q => q with { Policy = policy })] };

    /// <summary>A published trace.</summary>
    public static JobTrace Shared(string name)
    {
        using var file = File.OpenRead(Path.Combine(SharedTraces(), $"{name}.csv.gz"));
        return JobTrace.Read(file, name);
    }

    /// <summary>The folder of published traces, which lies beside the repository, or beside what holds a work tree of it.</summary>
    private static string SharedTraces()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var traces = Path.Combine(folder.FullName, "shared", "traces");
            if (Directory.Exists(traces))
                return traces;
        }

        throw new DirectoryNotFoundException("There is no folder shared/traces above this one.");
    }
}
