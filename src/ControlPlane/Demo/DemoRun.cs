using System.Net;
using System.Net.Sockets;
using ControlPlane.Cli;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ControlPlane.Demo;

/// <summary>The demonstration: a real node with real processes as machines, watched through its API alone.</summary>
internal sealed class DemoRun(Invocation i, DemoArguments arguments)
{
    private const int PictureColumns = 112;
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan _readiness = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _leave = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private DemoScene? _last;
    private DemoScene? _biting;

    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("controlplane-demo-").FullName;
        var configuration = Path.Combine(folder, "controlplane.yaml");
        var log = Path.Combine(folder, "node.log");
        await File.WriteAllTextAsync(configuration, ExampleConfiguration(), cancel);
        var server = new Uri($"http://127.0.0.1:{FreePort()}");
        using var api = i.Connect(server);
        using var stop = new CancellationTokenSource();
        var node = i.Parts.Run(
            new RunArguments
            {
                DataFolder = Path.Combine(folder, "data"),
                ConfigurationFile = configuration,
                Listen = server.ToString().TrimEnd('/'),
                LogFile = log,
                Settings = ["Node:Cluster=demo"],
            },
            stop.Token);

        var finished = false;
        try
        {
            if (!await ReadyAsync(api, node, cancel))
            {
                i.Remark($"The node did not come up; its log is {log}.");
                return ExitCode.Refused;
            }

            finished = await PlayAsync(api, node, cancel);
            if (!finished)
            {
                i.Remark($"The demo did not come to its end; the node's log is {log}.");
                return ExitCode.Refused;
            }

            await TellAsync(api, cancel);
            return ExitCode.Ok;
        }
        finally
        {
            if (!finished && !node.IsCompleted)
                await EndMachinesAsync(api);
            await stop.CancelAsync();
            await EndedAsync(node);
            Clear(folder, finished);
        }
    }

    internal static string ExampleConfiguration()
    {
        using var stream = typeof(DemoRun).Assembly.GetManifestResourceStream("ControlPlane.Demo.demo.yaml")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private async Task<bool> ReadyAsync(ApiClient api, Task<int> node, CancellationToken cancel)
    {
        var began = i.Time.GetTimestamp();
        while (!node.IsCompleted && i.Time.GetElapsedTime(began) < _readiness)
        {
            try
            {
                await api.SendAsync(new ApiRequest(HttpMethod.Get, "/health/ready") { Accept = "*/*" }, cancel);
                if ((await api.GetAsync("/api/v1/queues", cancel)).Items("items").Any())
                    return true;
            }
            catch (UnreachableServerException)
            {
                // It is still starting.
            }

            await i.Time.PauseAsync(_look, cancel);
        }

        return false;
    }

    private async Task<bool> PlayAsync(ApiClient api, Task<int> node, CancellationToken cancel)
    {
        if (arguments.Plain || !i.Terminal.Interactive)
        {
            var lines = new DemoLines(i.Terminal.Output);
            return await PlayAsync(api, node, lines.Show, cancel);
        }

        return await i.Terminal.Out.Live(new Text("Starting ..."))
            .Overflow(VerticalOverflow.Crop)
            .Cropping(VerticalOverflowCropping.Bottom)
            .StartAsync(context => PlayAsync(
                api,
                node,
                scene =>
                {
                    context.UpdateTarget(DemoScreen.Render(scene));
                    context.Refresh();
                },
                cancel));
    }

    private async Task<bool> PlayAsync(ApiClient api, Task<int> node, Action<DemoScene> show, CancellationToken cancel)
    {
        var play = new DemoPlay(DemoPlan.Create(arguments.Seed, arguments.Speed), _patience / arguments.Speed);
        var began = i.Time.GetUtcNow();
        while (!node.IsCompleted && i.Time.GetUtcNow() - began < _longest)
        {
            var due = play.Due(i.Time.GetUtcNow() - began);
            if (due.Count > 0)
                await api.PostAsync("/api/v1/tasks", DemoPlay.ToBatch(due), cancel);

            var scene = await DemoScene.ReadAsync(api, began, i.Time, cancel);
            if (play.WantsMoreMoney(scene))
                play.Note(scene.Elapsed, await RaiseAsync(api, cancel));
            scene = scene with { Notes = play.Notes };
            show(scene);
            _last = scene;
            if (scene.BudgetBites && scene.Live.Count() > 1)
                _biting = scene;
            if (play.IsOver(scene))
                return true;

            await i.Time.PauseAsync(_look, cancel);
        }

        return false;
    }

    private static async Task<string> RaiseAsync(ApiClient api, CancellationToken cancel)
    {
        var inForce = await api.SendAsync(new ApiRequest(HttpMethod.Get, ConfigurationVerbs.Path) { Accept = ConfigurationVerbs.Yaml }, cancel);
        var (text, says) = DemoPlay.WithTwiceTheMoney(inForce.Body);
        await ConfigurationVerbs.PutAsync(api, text, false, null, cancel);
        return says;
    }

    private async Task TellAsync(ApiClient api, CancellationToken cancel)
    {
        var pools = await DemoScene.AllAsync(api, "/api/v1/pools", SeenPool.From, cancel);
        var summary = DemoSummary.Of(_last!, pools);
        i.Say("");
        foreach (var line in summary.Lines())
            i.Say(line);
        if (arguments.Record is not { } file)
            return;

        List<(string, IRenderable)> screens = [("controlplane demo", DemoScreen.Render(_biting ?? _last!)), ("at the end", summary.Render())];
        try
        {
            await File.WriteAllTextAsync(file, SvgPicture.Draw(screens, PictureColumns), cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FaultyInputException($"{file} cannot be written: {e.Message}");
        }
    }

    /// <summary>An interrupted demonstration ends its machines; those that it cannot reach end by themselves, because nobody answers them any more.</summary>
    private async Task EndMachinesAsync(ApiClient api)
    {
        using var limit = new CancellationTokenSource(_leave, i.Time);
        try
        {
            while ((await DemoScene.AllAsync(api, "/api/v1/instances", SeenInstance.From, limit.Token)).Where(m => m.IsLive).ToList() is { Count: > 0 } live)
            {
                foreach (var machine in live.Where(m => m.Phase != "terminating"))
                    await api.PostAsync($"/api/v1/instances/{machine.Id}/terminate", new System.Text.Json.Nodes.JsonObject(), limit.Token);
                await i.Time.PauseAsync(_look, limit.Token);
            }
        }
        catch (Exception e) when (e is UnreachableServerException or RefusedException or HttpRequestException or OperationCanceledException)
        {
            i.Remark("Some machines may still run; they end by themselves within half a minute.");
        }
    }

    private async Task EndedAsync(Task<int> node)
    {
        try
        {
            await node;
        }
        catch (OperationCanceledException)
        {
            // We asked it to stop.
        }
        catch (Exception e)
        {
            // The node is another part of this process: its failure is told, and must not hide how the demonstration ended.
            i.Remark($"The node ended with an error: {e.Message}");
        }
    }

    private void Clear(string folder, bool finished)
    {
        if (arguments.Keep || !finished)
        {
            i.Remark($"The data folder is {folder}.");
            return;
        }

        try
        {
            Directory.Delete(folder, true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            i.Remark($"{folder} could not be removed: {e.Message}");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
