using ControlPlane.Benchmarks.Storage;

return args switch
{
    ["journal"] => await JournalBenchmark.RunAsync(Console.Out),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Say which: journal");
    return 2;
}
