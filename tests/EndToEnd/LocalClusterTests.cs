using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ControlPlane.EndToEnd;

/// <summary>deploy/local/cluster.sh: the topology of the compose file as processes.</summary>
public sealed class LocalClusterTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-cluster-").FullName;

    public void Dispose()
    {
        Script("down");
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task UpKillAndDown_DoWhatTheySay()
    {
        // Root's temporary folder is closed to the database's own account.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Assert.Equal(["database running", "node-1 ready", "node-2 ready", "node-3 ready"], Lines(Script("up")));
        Assert.Equal(3, await MembersAsync());

        Script("kill", "2");
        Assert.Equal(["database running", "node-1 ready", "node-2 stopped", "node-3 ready"], Lines(Script("status")));
        Assert.Equal(["database running", "node-1 ready", "node-2 ready", "node-3 ready"], Lines(Script("up")));

        Script("down");
        Assert.Equal(["database stopped", "node-1 stopped", "node-2 stopped", "node-3 stopped"], Lines(Script("status")));
    }

    private async Task<int> MembersAsync()
    {
        var port = (await File.ReadAllTextAsync(Path.Combine(folder, "node-1.port"))).Trim();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        return JsonNode.Parse(await http.GetStringAsync(new Uri("api/v1/cluster", UriKind.Relative)))!["members"]!.AsArray().Count(m => m!["status"]!.GetValue<string>() == "Up");
    }

    private static string[] Lines(string output) => [.. output.Trim().Split('\n').Select(l => l.Split(' ')).Select(w => $"{w[0]} {w[3]}")];

    private string Script(params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Root(), "deploy", "local", "cluster.sh"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["CLUSTER_FOLDER"] = folder;
        start.Environment["CONTROLPLANE"] = $"dotnet {NodeProcess.Program}";
        using var script = Process.Start(start)!;
        var errors = script.StandardError.ReadToEndAsync();
        var output = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        Assert.True(script.ExitCode == 0, $"{string.Join(' ', arguments)}: {errors.GetAwaiter().GetResult()}{output}{Logs()}");
        return output;
    }

    private string Logs() => string.Concat(Directory.EnumerateFiles(folder, "*.log").Select(f => $"\n== {Path.GetFileName(f)}\n{string.Join('\n', File.ReadLines(f).TakeLast(15))}"));

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "ControlPlane.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException("The repository's root was not found.");
    }
}
