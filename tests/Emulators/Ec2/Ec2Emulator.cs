using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ControlPlane.Emulate;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.Emulators.Ec2;

/// <summary>
/// A running emulator of EC2, in this process or in one of its own, and what tests ask it beside EC2's own API. All goes over HTTP, so that a test is the
/// same for both.
/// </summary>
public sealed class Ec2Emulator : IAsyncDisposable
{
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private readonly HttpClient _control;
    private readonly Ec2Server? _server;
    private readonly Process? _process;

    private Ec2Emulator(Uri url, Ec2Server? server, Process? process)
    {
        (Url, _server, _process) = (url, server, process);
        _control = new HttpClient { BaseAddress = new Uri(url, "/emulator/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>The SDK's <c>ServiceURL</c>.</summary>
    public Uri Url { get; }

    /// <summary>An emulator in this process; the time may be a test's own.</summary>
    public static async Task<Ec2Emulator> StartAsync(Ec2Settings? settings = null, TimeProvider? time = null)
    {
        var server = await Ec2Server.StartAsync(new Ec2ServerOptions { Settings = settings ?? new Ec2Settings() }, time ?? TimeProvider.System);
        return new Ec2Emulator(server.Url, server, null);
    }

    /// <summary>An emulator in a process of its own, <c>controlplane emulate ec2</c> on a free port with these options beside.</summary>
    /// <exception cref="InvalidOperationException">It did not start; the message holds what it said.</exception>
    public static async Task<Ec2Emulator> StartProcessAsync(params IReadOnlyList<string> options)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [Program, "emulate", "ec2", "--port", "0", .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        if (line?.Split(' ') is [.., var url] && Uri.TryCreate(url, UriKind.Absolute, out var address))
            return new Ec2Emulator(address, null, process);
        process.Kill();
        throw new InvalidOperationException($"The emulator did not start: {line} {await process.StandardError.ReadToEndAsync()}");
    }

    /// <summary>The emulator's own book: every instance that ever was.</summary>
    public Task<IReadOnlyList<Ec2LogEntry>> LogAsync() => GetAsync<IReadOnlyList<Ec2LogEntry>>("log");

    /// <summary>The instances that are not terminated or stopped, whatever EC2's answers show.</summary>
    public Task<IReadOnlyList<Ec2LogEntry>> InstancesAsync() => GetAsync<IReadOnlyList<Ec2LogEntry>>("instances");

    public Task<Ec2Bill> BillAsync() => GetAsync<Ec2Bill>("bill");

    /// <summary>The calls that were made, oldest first.</summary>
    public Task<IReadOnlyList<Ec2CallRecord>> CallsAsync() => GetAsync<IReadOnlyList<Ec2CallRecord>>("calls");

    /// <summary>Calls by <c>Action:outcome</c>, such as <c>RunInstances:ok</c>.</summary>
    public Task<IReadOnlyDictionary<string, long>> CountsAsync() => GetAsync<IReadOnlyDictionary<string, long>>("counts");

    public Task AddFaultsAsync(params IReadOnlyList<Ec2Fault> faults) => SendAsync(HttpMethod.Post, "faults", faults);

    public Task ClearFaultsAsync() => SendAsync(HttpMethod.Delete, "faults", null);

    /// <summary>Replaces the limits of what there is to launch.</summary>
    public Task SetCapacityAsync(params IReadOnlyList<Ec2Capacity> capacity) => SendAsync(HttpMethod.Put, "capacity", capacity);

    /// <summary>Sets a spot price from now on, US dollars an hour.</summary>
    public Task SetSpotPriceAsync(string type, string zone, decimal price) => SendAsync(HttpMethod.Put, "prices", new[] { new { type, zone, price } });

    /// <summary>Changes settings: fields of <see cref="Ec2Settings"/> by their names in JSON.</summary>
    public Task ChangeAsync(JsonObject changes) => SendAsync(HttpMethod.Patch, "settings", changes);

    /// <summary>Gives a spot instance notice of its interruption.</summary>
    public Task InterruptAsync(string instance) => ActAsync(instance, "interrupt");

    /// <summary>Ends an instance at once: its host died.</summary>
    public Task CrashAsync(string instance) => ActAsync(instance, "crash");

    /// <summary>Ends an instance as a person would in the console.</summary>
    public Task TerminateAsync(string instance) => ActAsync(instance, "terminate");

    /// <summary>An instance's guest shuts down from within.</summary>
    public Task ExitAsync(string instance) => ActAsync(instance, "exit");

    /// <summary>An instance's status checks fail from now on.</summary>
    public Task ImpairAsync(string instance) => ActAsync(instance, "impair");

    /// <summary>An empty region as at the start.</summary>
    public Task ResetAsync(JsonObject? changes = null) => SendAsync(HttpMethod.Post, "reset", changes ?? []);

    public async ValueTask DisposeAsync()
    {
        _control.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        if (_process is null)
            return;
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // The program as this build made it, beside the caller's own output.
    private static string Program
    {
        get
        {
            var pivot = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            {
                if (File.Exists(Path.Combine(at.FullName, "ControlPlane.sln")))
                    return Path.Combine(at.FullName, "artifacts", "bin", "ControlPlane", pivot, "controlplane.dll");
            }

            throw new InvalidOperationException("The repository's root was not found.");
        }
    }

    private Task ActAsync(string instance, string act) => SendAsync(HttpMethod.Post, $"instances/{instance}/{act}", null);

    private async Task<T> GetAsync<T>(string what) =>
        await _control.GetFromJsonAsync<T>(what, _json) ?? throw new InvalidOperationException($"The emulator answered null for {what}.");

    private async Task SendAsync(HttpMethod method, string what, object? body)
    {
        using var request = new HttpRequestMessage(method, what) { Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: _json) };
        using var response = await _control.SendAsync(request);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{method} {what}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }
}
