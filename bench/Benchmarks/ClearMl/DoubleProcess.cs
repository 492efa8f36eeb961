using System.Diagnostics;
using System.Globalization;
using ControlPlane.Benchmarks.Queues;
using ControlPlane.ClearMlDouble;

namespace ControlPlane.Benchmarks.ClearMl;

/// <summary>The double of a ClearML server in a process of its own, steered by lines on its input. It ends when its input does.</summary>
internal sealed class DoubleProcess : IDisposable
{
    public const string Verb = "clearml-double";

    private readonly Process _process;

    private DoubleProcess(Process process, string url) => (_process, Url) = (process, url);

    public string Url { get; }

    /// <summary>A server with so many queues, and so many idle workers on a queue that nobody looks at.</summary>
    public static async Task<DoubleProcess> StartAsync(int queues, int idleWorkers)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "ControlPlane.Benchmarks.dll"));
        foreach (var argument in new[] { Verb, "-", "--queues", Text(queues), "--workers", Text(idleWorkers) })
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        return new DoubleProcess(process, await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The double did not start."));
    }

    /// <summary>Requests that it has answered so far.</summary>
    public async Task<long> RequestsAsync() => long.Parse((await AskAsync("requests"))[0], CultureInfo.InvariantCulture);

    /// <summary>A busy worker on each queue; the idle ones stay.</summary>
    public Task BusyAsync() => AskAsync("busy");

    /// <summary>Enqueues a task in each of the queues.</summary>
    /// <returns>When, by queue.</returns>
    public async Task<Dictionary<string, DateTimeOffset>> EnqueueAsync(int from, int count, int gapMilliseconds)
    {
        var lines = await AskAsync($"enqueue {Text(from)} {Text(count)} {Text(gapMilliseconds)}");
        return lines.Select(l => l.Split(' ')).ToDictionary(l => l[0], l => new DateTimeOffset(long.Parse(l[1], CultureInfo.InvariantCulture), TimeSpan.Zero));
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5_000))
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>In the child.</summary>
    public static async Task<int> RunAsync(int queues, int idleWorkers)
    {
        await using var server = new ClearMlServer();
        var model = server.Model;
        var all = Enumerable.Range(0, queues).Select(i => model.AddQueue(BenchWorld.NameOf(i).Value)).ToArray();
        var elsewhere = model.AddQueue("elsewhere");
        for (var i = 0; i < idleWorkers; i++)
            model.Register($"dynamic_worker:pool:g5.xlarge:i-{i:x12}", [elsewhere.Id], 86_400, null);
        server.Before = call =>
        {
            if (call != "workers.get_all")
                return;
            lock (model.Gate)
            {
                foreach (var worker in model.Workers.Values)
                    worker.LastReport = worker.LastActivity = model.Now;
            }
        };
        await server.StartAsync();
        Console.WriteLine(server.Url);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["requests"]:
                    Console.WriteLine(Text(server.RequestCount));
                    break;
                case ["busy"]:
                    foreach (var queue in all)
                        Occupy(model, queue);
                    break;
                case ["enqueue", var from, var count, var gap]:
                    await EnqueueAsync(model, all.AsMemory(int.Parse(from, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture)), int.Parse(gap, CultureInfo.InvariantCulture));
                    break;
            }

            Console.WriteLine("done");
        }

        return 0;
    }

    private static void Occupy(ServerModel model, ModelQueue queue)
    {
        lock (model.Gate)
        {
            var task = model.AddTask("running");
            task.Status = "in_progress";
            task.StatusChanged = model.Now.AddHours(-1);
            var name = $"dynamic_worker:pool:g5.xlarge:i-busy-{queue.Name}";
            task.LastWorker = name;
            model.Register(name, [queue.Id], 86_400, null);
            model.Workers[name].Task = task.Id;
        }
    }

    private static async Task EnqueueAsync(ServerModel model, ReadOnlyMemory<ModelQueue> queues, int gapMilliseconds)
    {
        var lines = new List<string>(queues.Length);
        for (var i = 0; i < queues.Length; i++)
        {
            var queue = queues.Span[i];
            lock (model.Gate)
            {
                var task = model.AddTask("waiting");
                task.Status = "queued";
                task.Queue = queue.Id;
                queue.Entries.Add((task.Id, model.Now));
            }

            lines.Add($"{queue.Name} {DateTimeOffset.UtcNow.UtcTicks.ToString(CultureInfo.InvariantCulture)}");
            if (gapMilliseconds > 0)
                await Task.Delay(gapMilliseconds);
        }

        foreach (var line in lines)
            Console.WriteLine(line);
    }

    private async Task<IReadOnlyList<string>> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        List<string> answer = [];
        while (await _process.StandardOutput.ReadLineAsync() is var said && said != "done")
            answer.Add(said ?? throw new InvalidOperationException("The double ended."));
        return answer;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
