using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ControlPlane.Benchmarks.Measuring;

namespace ControlPlane.Benchmarks.Queues;

/// <summary>From the start of the process to ready: an empty node, by its real executable; and after a crash with all queues and instances alive.</summary>
internal static class RestartBenchmark
{
    public const string BuildVerb = "restart-build";
    public const string NodeVerb = "restart-node";
    private const string Machines = "machines.txt";

    public static async Task<int> RunAsync(TextWriter output, Sizes sizes)
    {
        var report = new Report(output, ScaleBenchmark.Title("restart", sizes));
        for (var run = 0; run < (sizes.Runs ?? 5); run++)
            report.Add("empty node, process start to ready", "s", await ColdStartAsync());

        var crashed = Directory.CreateTempSubdirectory("controlplane-bench-");
        try
        {
            await Child.RunAsync(report, TimeSpan.FromMinutes(10), [BuildVerb, crashed.FullName, .. ScaleBenchmark.Arguments(sizes)]);
            for (var run = 0; run < (sizes.Runs ?? 3); run++)
            {
                var copy = Directory.CreateTempSubdirectory("controlplane-bench-");
                foreach (var file in crashed.GetFiles())
                    file.CopyTo(Path.Combine(copy.FullName, file.Name));
                await Child.RunAsync(report, TimeSpan.FromMinutes(5), [NodeVerb, copy.FullName, .. ScaleBenchmark.Arguments(sizes)]);
                copy.Delete(recursive: true);
            }

            report.Add("database after the crash", "MB", crashed.GetFiles().Sum(f => f.Length) / 1e6);
        }
        finally
        {
            crashed.Delete(recursive: true);
        }

        report.WriteTable();
        return 0;
    }

    /// <summary>In the child: brings all instances up, and waits to be killed.</summary>
    public static async Task<int> BuildAsync(string folder, Sizes sizes)
    {
        var world = new BenchWorld();
        var node = await QueueNode.StartAsync(folder, world);
        await node.ApplyAsync(QueueNode.Declare(sizes.Queues, sizes.PerQueue));
        await node.AwakeAsync(sizes.Queues);
        if (sizes.PerQueue > 0)
            await ScaleBenchmark.LaunchAsync(node, world, sizes);
        await node.ProjectedAsync();
        world.Save(Path.Combine(folder, Machines));
        return await Child.EndAsync();
    }

    /// <summary>In the child: the start after the crash.</summary>
    public static async Task<int> NodeAsync(string folder, Sizes sizes)
    {
        var world = new BenchWorld();
        world.Load(Path.Combine(folder, Machines));
        world.SetTasks(sizes.Queues, sizes.PerQueue);
        var node = await QueueNode.StartAsync(folder, world);
        Child.Tell("after a crash, process start to host up", "s", Child.SecondsSinceStart);
        await node.AwakeAsync(sizes.Queues);
        Child.Tell("after a crash, process start to all entities awake", "s", Child.SecondsSinceStart);
        var busy = await node.CountAsync(sizes.Queues, view => ScaleBenchmark.IsBusy(view, sizes));
        Child.Tell("after a crash, process start to every queue has answered", "s", Child.SecondsSinceStart);
        Child.Tell("after a crash, process start to every queue has answered", "s of processor time", Child.ProcessorSeconds);
        if (busy < sizes.Queues)
            throw new InvalidOperationException($"{sizes.Queues - busy} queues do not have their instances after the restart.");
        return await Child.EndAsync();
    }

    private static async Task<double> ColdStartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("controlplane-bench-");
        var url = $"http://127.0.0.1:{FreePort()}";
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.FullName };
        foreach (var argument in new[] { Path.Combine(AppContext.BaseDirectory, "controlplane.dll"), "run", "--listen", url, "--data", Path.Combine(folder.FullName, "data") })
            start.ArgumentList.Add(argument);
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, line) =>
        {
            if (line.Data is { } text)
                Console.Error.WriteLine(text);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            while (!await IsReadyAsync(http, url))
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(1))
                    throw new InvalidOperationException("The node did not become ready.");
                await Task.Delay(20);
            }

            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            folder.Delete(recursive: true);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, string url)
    {
        try
        {
            using var response = await http.GetAsync(new Uri($"{url}/health/ready"));
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
