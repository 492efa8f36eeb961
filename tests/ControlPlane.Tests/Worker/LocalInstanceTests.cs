using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.Local;
using ControlPlane.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ControlPlane.Host.Tests.Worker;

/// <summary>The local provider and the real program together: launched instances work, and end when they are told to.</summary>
public sealed class LocalInstanceTests : IAsyncLifetime
{
    private readonly InstanceId _instance = new($"01TEST{Environment.ProcessId:D10}0000000001");
    private readonly string _root = Directory.CreateTempSubdirectory("controlplane-whole-").FullName;
    private readonly ScriptedServer _server = new();
    private readonly WebApplication _app;
    private LocalProvider? _provider;

    public LocalInstanceTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapPost("/{call}", async (string call, HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            var (code, json) = _server.Answer(call, await reader.ReadToEndAsync());
            return Results.Text(json, "application/json", statusCode: code);
        });
    }

    private LocalProvider Provider => _provider!;

    public async Task InitializeAsync()
    {
        await _app.StartAsync();
        var options = new LocalProviderOptions
        {
            Root = _root,
            Cluster = "test",
            ServerUrl = _app.Urls.First(),
            WorkerCommand = ["dotnet", typeof(WorkerProgram).Assembly.Location, "worker"],
            TermGrace = TimeSpan.FromSeconds(5),
            ConfirmTimeout = TimeSpan.FromSeconds(30),
        };
        _provider = new LocalProvider("local", options, TimeProvider.System, NullLogger<LocalProvider>.Instance);
    }

    public async Task DisposeAsync()
    {
        await Provider.TerminateAsync([new InstanceRef(_instance, null)], CancellationToken.None);
        await SeeStateAsync(MachineState.Ended);
        Provider.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task AnInstance_BootsRegistersAndWorks()
    {
        _server.Enqueue("t1", new { shell = "echo hello from $CONTROLPLANE_INSTANCE in $FLAVOUR", attempt = 1, maxAttempts = 1 });

        await LaunchAsync(bootDelay: TimeSpan.FromSeconds(1));
        await SeeStateAsync(MachineState.Pending);
        await _server.SeeAsync(() => _server.Calls("tasks.completed").Count == 1, "the result");
        await SeeStateAsync(MachineState.Running);

        Assert.Equal([(1, $"hello from {_instance} in vanilla")], _server.Log("t1"));
        Assert.Contains("result accepted", await Provider.ReadConsoleAsync(new InstanceRef(_instance, null), 100_000, CancellationToken.None));
    }

    [Fact]
    public async Task Terminate_OfABusyInstance_InterruptsItsTaskWithoutAResultAndLeavesNothing()
    {
        _server.Enqueue("t1", new { shell = "setsid sleep 1000 & echo ready; sleep 1000", attempt = 1, maxAttempts = 2 });
        await LaunchAsync(TimeSpan.Zero);
        await _server.SeeAsync(() => _server.Log("t1").Count > 0, "the task's word");

        await Provider.TerminateAsync([new InstanceRef(_instance, null)], CancellationToken.None);
        var ended = await SeeStateAsync(MachineState.Ended);

        Assert.Equal(MachineEnd.Requested, ended.End);
        Assert.Empty(_server.Calls("tasks.failed"));
        Assert.Empty(_server.Calls("tasks.completed"));
        Assert.Single(_server.Calls("workers.unregister"));
        Assert.Empty(ProcessTable.Families("CONTROLPLANE_INSTANCE")[_instance.Value]);
    }

    [Fact]
    public async Task ASigtermFromElsewhere_LetsTheTaskFinish()
    {
        var gate = Path.Combine(_root, ".gate");
        _server.Enqueue("t1", new { shell = $"echo ready; while ! [ -e {gate} ]; do sleep 0.05; done", attempt = 1, maxAttempts = 1 });
        await LaunchAsync(TimeSpan.Zero);
        await _server.SeeAsync(() => _server.Log("t1").Count > 0, "the task's word");

        ProcessTable.Terminate(new InstanceFolder(Path.Combine(_root, _instance.Value)).ReadProcess()!.Identity);
        Directory.CreateDirectory(gate);
        var ended = await SeeStateAsync(MachineState.Ended);

        Assert.Equal(MachineEnd.Itself, ended.End);
        Assert.Single(_server.Calls("tasks.completed"));
    }

    private async Task LaunchAsync(TimeSpan bootDelay)
    {
        var offer = new Offer("process", "", Market.OnDemand, HourlyRate.Free, HourlyRate.Free, 0);
        var template = new PoolTemplate.Local(bootDelay, new Dictionary<string, string> { ["FLAVOUR"] = "vanilla" }, TimeSpan.FromMinutes(1));
        var pool = new PoolSpec { Name = "small", Provider = "local", MaxInstances = 1, Offers = [offer], Template = template };
        var intent = new LaunchIntent(_instance, new QueueName("training"), DateTimeOffset.UnixEpoch);
        var outcome = await Provider.LaunchAsync(new LaunchBatch("token", offer, pool, [intent]), CancellationToken.None);
        Assert.IsType<LaunchOutcome.Launched>(Assert.Single(outcome));
    }

    private async Task<Machine> SeeStateAsync(MachineState state)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var sweep = Assert.IsType<SweepOutcome.Complete>(await Provider.SweepAsync(CancellationToken.None));
            if (sweep.Machines.SingleOrDefault(m => m.Instance == _instance) is { } machine && machine.State == state)
                return machine;
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }
}
