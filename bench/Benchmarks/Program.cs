using ControlPlane.Benchmarks.Budgets;
using ControlPlane.Benchmarks.ClearMl;
using ControlPlane.Benchmarks.Cluster;
using ControlPlane.Benchmarks.Ec2;
using ControlPlane.Benchmarks.Measuring;
using ControlPlane.Benchmarks.Queues;
using ControlPlane.Benchmarks.Storage;
using ControlPlane.Benchmarks.Traces;

if (args is [])
    return Usage();

// Children of the others are told the folder of their database.
var isChild = args[0] is ScaleBenchmark.NodeVerb or RestartBenchmark.BuildVerb or RestartBenchmark.NodeVerb or ClearMlBenchmark.NodeVerb or LaunchBenchmark.NodeVerb or DoubleProcess.Verb && args.Length > 1;

// Of a trace one may say which.
var file = args is ["traces", { } first, ..] && !first.StartsWith("--", StringComparison.Ordinal) ? first : null;
if (Sizes.Parse(args.AsSpan(isChild || file is not null ? 2 : 1)) is not { } sizes)
    return 2;

return args[0] switch
{
    "journal" => await JournalBenchmark.RunAsync(Console.Out),
    "ledger" => await LedgerBenchmark.RunAsync(Console.Out, sizes),
    "grants" => await GrantsBenchmark.RunAsync(Console.Out, sizes),
    "scale" => await ScaleBenchmark.RunAsync(Console.Out, sizes),
    "restart" => await RestartBenchmark.RunAsync(Console.Out, sizes),
    "failover" => await FailoverBenchmark.RunAsync(Console.Out, sizes),
    "handover" => await HandoverBenchmark.RunAsync(Console.Out, sizes),
    "steady" => await SteadyBenchmark.RunAsync(Console.Out, sizes),
    "clearml" => await ClearMlBenchmark.RunAsync(Console.Out, sizes),
    "ec2" => await LaunchBenchmark.RunAsync(Console.Out, sizes),
    "traces" => TraceBenchmark.Run(Console.Out, sizes, file),
    "all" => await AllAsync(sizes),
    ScaleBenchmark.NodeVerb when isChild => await ScaleBenchmark.NodeAsync(args[1], sizes),
    RestartBenchmark.BuildVerb when isChild => await RestartBenchmark.BuildAsync(args[1], sizes),
    RestartBenchmark.NodeVerb when isChild => await RestartBenchmark.NodeAsync(args[1], sizes),
    ClearMlBenchmark.NodeVerb when isChild => await ClearMlBenchmark.NodeAsync(args[1], sizes),
    LaunchBenchmark.NodeVerb when isChild => await LaunchBenchmark.NodeAsync(args[1], sizes),
    DoubleProcess.Verb when isChild => await DoubleProcess.RunAsync(sizes.Queues, sizes.Workers),
    _ => Usage(),
};

static async Task<int> AllAsync(Sizes sizes)
{
    await LedgerBenchmark.RunAsync(Console.Out, sizes);
    await ScaleBenchmark.RunAsync(Console.Out, sizes);
    return await RestartBenchmark.RunAsync(Console.Out, sizes);
}

static int Usage()
{
    Console.Error.WriteLine("Say which: journal, ledger, grants, scale, restart, failover, handover, steady, clearml, ec2, traces [FILE], or all: ledger, scale and restart. docs/performance.md tells more.");
    return 2;
}
