using System.Diagnostics;
using System.Globalization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;

namespace ControlPlane.Benchmarks.Storage;

/// <summary>Shell and journal on SQLite: committed grants of one entity, writes of many, and waking ten thousand entities after a restart.</summary>
internal static class JournalBenchmark
{
    private const int Entities = 10_000;
    private const int EventsEach = 10;

    public static async Task<int> RunAsync(TextWriter output)
    {
        foreach (var journal in Enum.GetValues<JournalPlugin>())
        {
            foreach (var durability in Enum.GetValues<Durability>())
                await GrantsAsync(output, journal, durability);
            await RecoveryAsync(output, journal);
        }

        return 0;
    }

    private static async Task GrantsAsync(TextWriter output, JournalPlugin journal, Durability durability)
    {
        var directory = Directory.CreateTempSubdirectory("controlplane-bench-");
        try
        {
            await using var node = await BenchNode.StartAsync(new StorageOptions { Path = directory.FullName, Journal = journal, Durability = durability }, new ShellOptions());
            foreach (var outstanding in new[] { 16, 512 })
            {
                await GrantAsync(node, outstanding, TimeSpan.FromSeconds(2), _ => "ledger");
                var result = await GrantAsync(node, outstanding, TimeSpan.FromSeconds(6), _ => "ledger");
                Print(output, journal, durability, $"one entity, {outstanding} outstanding", result);
            }

            await GrantAsync(node, 1000, TimeSpan.FromSeconds(2), i => $"e-{i % 1000}");
            Print(output, journal, durability, "1,000 entities, 1,000 outstanding", await GrantAsync(node, 1000, TimeSpan.FromSeconds(6), i => $"e-{i % 1000}"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static Task<LoadResult> GrantAsync(BenchNode node, int outstanding, TimeSpan time, Func<int, string> entity)
    {
        var began = Stopwatch.GetTimestamp();
        return node.DriveAsync(outstanding, i => Stopwatch.GetElapsedTime(began) < time ? (entity(i), new TallyCommand.Grant(1)) : null);
    }

    private static async Task RecoveryAsync(TextWriter output, JournalPlugin journal)
    {
        var directory = Directory.CreateTempSubdirectory("controlplane-bench-");
        try
        {
            var storage = new StorageOptions { Path = directory.FullName, Journal = JournalPlugin.Grouped, Durability = Durability.Process };
            var noSnapshots = new ShellOptions { StopTimeout = TimeSpan.FromMilliseconds(10) };
            await using (var node = await BenchNode.StartAsync(storage, noSnapshots))
            {
                await node.DriveAsync(2000, i => i < Entities * EventsEach ? ($"q-{i % Entities}", new TallyCommand.Grant(1)) : null);
                Kill(directory, "events");
            }

            foreach (var kind in new[] { "events", "events", "snapshots" })
            {
                var copy = Directory.CreateTempSubdirectory("controlplane-bench-");
                foreach (var file in Directory.GetFiles(Path.Combine(directory.FullName, "events")))
                    File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
                var options = new StorageOptions { Path = copy.FullName, Journal = journal };
                if (kind == "snapshots")
                {
                    await using var stopping = await BenchNode.StartAsync(options, new ShellOptions { StopTimeout = TimeSpan.FromSeconds(30) });
                    await WakeAsync(stopping);
                }

                var began = Stopwatch.GetTimestamp();
                await using (var node = await BenchNode.StartAsync(options, new ShellOptions { StopTimeout = TimeSpan.FromMilliseconds(10) }))
                {
                    var up = Stopwatch.GetElapsedTime(began);
                    var result = await WakeAsync(node);
                    output.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{journal,-20} wake {Entities:N0} entities from {kind}: {result.Took.TotalSeconds:F2} s ({result.PerSecond:N0}/s), host up in {up.TotalSeconds:F2} s, {GC.GetTotalMemory(true) / Entities:N0} bytes of heap each"));
                }

                copy.Delete(recursive: true);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static Task<LoadResult> WakeAsync(BenchNode node) =>
        node.DriveAsync(2000, i => i < Entities ? ($"q-{i}", new TallyCommand.Look()) : null);

    /// <summary>Keeps the files as a killed process would have left them, before the entities stop and save snapshots.</summary>
    private static void Kill(DirectoryInfo directory, string name)
    {
        var copy = directory.CreateSubdirectory(name);
        foreach (var file in directory.GetFiles())
            file.CopyTo(Path.Combine(copy.FullName, file.Name));
    }

    private static void Print(TextWriter output, JournalPlugin journal, Durability durability, string what, LoadResult result) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{journal,-20} {durability,-8} {what}: {result.PerSecond:N0} grants/s, median {result.MedianMilliseconds:F2} ms, p99 {result.P99Milliseconds:F1} ms"));
}
