using System.Diagnostics;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Providers.Local;
using Microsoft.Extensions.Logging.Abstractions;

namespace ControlPlane.Providers.Tests.Local;

/// <summary>The contract on real processes, and what is particular to them.</summary>
public sealed class LocalProviderTests : ProviderContract, IAsyncLifetime
{
    private readonly string _root;
    private readonly List<LocalProvider> _providers = [];

    public LocalProviderTests()
        : this(Directory.CreateTempSubdirectory("controlplane-local-").FullName)
    {
    }

    private LocalProviderTests(string root) => _root = root;

    protected override PoolTemplate Template { get; } =
        new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string> { ["FLAVOUR"] = "vanilla" }, TimeSpan.FromMinutes(1));

    protected override Offer Offer { get; } = new("process", "", Market.OnDemand, HourlyRate.Free, HourlyRate.Free, 0);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        var mine = Directory.GetDirectories(_root).Select(d => Path.GetFileName(d)!).ToHashSet();
        await Eventually.SeeAsync(
            () =>
            {
                var left = Families().Where(f => mine.Contains(f.Key)).SelectMany(f => f).ToList();
                ProcessTable.Kill(left);
                return Task.FromResult(left.Count == 0 ? "none" : null);
            },
            Patience,
            "no process left behind by the test");
        _providers.ForEach(p => p.Dispose());
        Directory.Delete(_root, recursive: true);
    }

    protected override IComputeProvider Connect() => Connect(StandInWorker.Command(StandInWorker.Serve));

    [Fact]
    public async Task Launch_BecomesAProcessInASessionOfItsOwnWithoutOurHandles()
    {
        var provider = Connect();
        var batch = Batch(NewId());
        await provider.LaunchAsync(batch, CancellationToken.None);
        await SeenAsync(provider, batch.Intents[0].Instance, MachineState.Running);

        var process = ProcessOf(batch).Identity;

        Assert.Equal(process.Pid, ProcessTable.Find(process.Pid)!.Session);
        var files = Directory.GetFiles($"/proc/{process.Pid}/fd").Select(f => new FileInfo(f).LinkTarget).ToList();
        Assert.Contains("/dev/null", files);
        Assert.Contains(Folder(batch).ConsolePath, files);
        Assert.DoesNotContain(files.OfType<string>().Where(f => f.StartsWith("socket:", StringComparison.Ordinal)), Inherited().Contains);
        var environment = (await File.ReadAllTextAsync($"/proc/{process.Pid}/environ")).Split('\0');
        Assert.Contains("FLAVOUR=vanilla", environment);
        Assert.Contains($"CONTROLPLANE_INSTANCE={batch.Intents[0].Instance}", environment);
        Assert.Contains("claimed by process", await provider.ReadConsoleAsync(new InstanceRef(batch.Intents[0].Instance, null), 1000, CancellationToken.None));
    }

    [Fact]
    public async Task Launch_WhenItsNodeIsKilledAfterIt_OutlivesTheNodeAndIsFoundAgain()
    {
        using var node = Process.Start("dotnet", [typeof(StandInWorker).Assembly.Location, StandInWorker.NodeVerb, _root]);
        await node.WaitForExitAsync();

        var machine = Assert.Single(await SweepAsync(Connect()));

        Assert.Equal(137, node.ExitCode);
        await SeenAsync(Connect(), machine.Instance, MachineState.Running);
        Assert.Single(Family(machine.Instance));
        var again = Assert.IsType<LaunchOutcome.Launched>(Assert.Single(await Connect().LaunchAsync(Batch(machine.Instance), CancellationToken.None)));
        Assert.Equal((machine.NativeId, machine.StartedAt), (again.NativeId, again.StartedAt));
        Assert.Single(Family(machine.Instance));
    }

    /// <summary>The other side of the test above, in a process of its own.</summary>
    internal static async Task<int> LaunchAndDieAsync(string root)
    {
        var test = new LocalProviderTests(root);
        await test.Connect().LaunchAsync(test.Batch(NewId()), CancellationToken.None);
        Process.GetCurrentProcess().Kill();
        return 0;
    }

    [Fact]
    public void Options_WithSeveralFaults_AreReportedTogether()
    {
        var options = new LocalProviderOptions
        {
            Root = "",
            Cluster = "test",
            ServerUrl = "nowhere",
            ConfirmTimeout = TimeSpan.FromMinutes(1),
            StartTimeout = TimeSpan.FromSeconds(30),
            Retention = TimeSpan.Zero,
        };

        var failures = new LocalProviderOptionsValidator().Validate(null, options).Failures!.ToList();

        Assert.All(["Root", "ServerUrl", "StartTimeout", "Retention"], name => Assert.Contains(failures, f => f.Contains(name, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Terminate_OfAFamilyThatIgnoresIt_LeavesNoProcess()
    {
        var provider = Connect(StandInWorker.Command(StandInWorker.Stubborn));
        var batch = Batch(NewId());
        var instance = batch.Intents[0].Instance;
        await provider.LaunchAsync(batch, CancellationToken.None);
        await SeenAsync(provider, instance, MachineState.Running);
        await Eventually.SeeAsync(() => Task.FromResult(Family(instance).Select(p => p.Session).Distinct().Count() == 2 ? "both" : null), Patience, "both children");

        await provider.TerminateAsync([new InstanceRef(instance, null)], CancellationToken.None);

        Assert.NotEmpty(Family(instance));
        await EndedAsync(provider, instance);
        Assert.Empty(Family(instance));
    }

    [Fact]
    public async Task Terminate_WhenItsNodeDies_IsFinishedByTheNextSweep()
    {
        var provider = Connect(StandInWorker.Command(StandInWorker.Stubborn));
        var batch = Batch(NewId());
        var instance = batch.Intents[0].Instance;
        await provider.LaunchAsync(batch, CancellationToken.None);
        await provider.TerminateAsync([new InstanceRef(instance, null)], CancellationToken.None);
        provider.Dispose();

        await EndedAsync(Connect(), instance);

        Assert.Empty(Family(instance));
    }

    [Fact]
    public async Task Sweep_WhenTheWorkerWasKilled_EndsItsChildrenAndSaysThatNobodyAskedForIt()
    {
        var provider = Connect(StandInWorker.Command(StandInWorker.Stubborn));
        var batch = Batch(NewId());
        var instance = batch.Intents[0].Instance;
        await provider.LaunchAsync(batch, CancellationToken.None);
        await Eventually.SeeAsync(() => Task.FromResult(Family(instance).Count > 2 ? "all" : null), Patience, "the children");

        ProcessTable.Kill([ProcessTable.Find(ProcessOf(batch).Identity.Pid)!]);

        Assert.Equal(MachineEnd.Itself, (await EndedAsync(provider, instance)).End);
        Assert.Empty(Family(instance));
    }

    [Fact]
    public async Task Sweep_WhenTheWorkerEndedByItself_KnowsWhen()
    {
        var provider = Connect(StandInWorker.Command(StandInWorker.Quit));
        var batch = Batch(NewId());
        Assert.IsType<LaunchOutcome.Launched>(Assert.Single(await provider.LaunchAsync(batch, CancellationToken.None)));

        var ended = await EndedAsync(provider, batch.Intents[0].Instance);

        Assert.Equal(MachineEnd.Itself, ended.End);
        Assert.Equal(Folder(batch).ReadExit()!.At, ended.EndedAt);
    }

    [Fact]
    public async Task Launch_WithACommandThatDoesNotExist_IsMisconfiguredAndSaysWhy()
    {
        var batch = Batch(NewId());

        var failed = Assert.IsType<LaunchOutcome.Failed>(Assert.Single(await Connect(["/no/such/worker"]).LaunchAsync(batch, CancellationToken.None)));

        Assert.Equal(ProviderFault.Misconfigured, failed.Fault);
        Assert.Contains("/no/such/worker", failed.Message);
        Assert.IsType<LaunchOutcome.Failed>(Assert.Single(await Connect().LaunchAsync(batch, CancellationToken.None)));
        Assert.Null(Assert.Single(await SweepAsync(Connect())).StartedAt);
    }

    [Fact]
    public async Task Launch_ThatIsNotConfirmed_IsIndeterminateAndAddsNoSecondProcess()
    {
        var provider = Connect(["/bin/sh", "-c", "sleep 1000"], confirmTimeout: TimeSpan.FromMilliseconds(300));
        var batch = Batch(NewId());
        var instance = batch.Intents[0].Instance;

        var first = Assert.IsType<LaunchOutcome.Failed>(Assert.Single(await provider.LaunchAsync(batch, CancellationToken.None)));
        var processes = Family(instance).Count;
        var again = Assert.IsType<LaunchOutcome.Failed>(Assert.Single(await provider.LaunchAsync(batch, CancellationToken.None)));

        Assert.Equal(ProviderFault.Indeterminate, first.Fault);
        Assert.Equal(ProviderFault.Indeterminate, again.Fault);
        Assert.Equal(processes, Family(instance).Count);
        Assert.Equal(MachineState.Pending, Assert.Single(await SweepAsync(provider)).State);
    }

    [Fact]
    public async Task Terminate_BeforeTheStart_KeepsItFromEverStarting()
    {
        var batch = Batch(NewId());
        var instance = batch.Intents[0].Instance;
        InstanceFolder.Record(_root, Intent(instance, DateTimeOffset.UtcNow));
        var provider = Connect();

        await provider.TerminateAsync([new InstanceRef(instance, null)], CancellationToken.None);
        await provider.LaunchAsync(batch, CancellationToken.None);

        Assert.Null((await EndedAsync(provider, instance)).StartedAt);
        Assert.Null(Folder(batch).ReadProcess());
    }

    [Fact]
    public async Task Launch_AfterACrashBetweenIntentAndStart_StartsIt()
    {
        var batch = Batch(NewId());
        InstanceFolder.Record(_root, Intent(batch.Intents[0].Instance, DateTimeOffset.UtcNow));

        Assert.IsType<LaunchOutcome.Launched>(Assert.Single(await Connect().LaunchAsync(batch, CancellationToken.None)));
    }

    [Fact]
    public async Task Sweep_OfAnIntentThatNeverStarted_CallsItEndedAfterAWhile()
    {
        var (young, old) = (NewId(), NewId());
        InstanceFolder.Record(_root, Intent(young, DateTimeOffset.UtcNow));
        InstanceFolder.Record(_root, Intent(old, DateTimeOffset.UtcNow.AddHours(-1)));

        var states = (await SweepAsync(Connect())).ToDictionary(m => m.Instance, m => m.State);

        Assert.Equal(MachineState.Pending, states[young]);
        Assert.Equal(MachineState.Ended, states[old]);
    }

    [Fact]
    public async Task Sweep_WhenThePidBelongsToAnotherProcess_DoesNotMistakeIt()
    {
        using var other = Process.Start("/bin/sleep", "1000");
        var folder = InstanceFolder.Record(_root, Intent(NewId(), DateTimeOffset.UtcNow));
        var identity = ProcessTable.Identify(other.Id)!;
        await WriteProcessAsync(folder, identity with { StartTicks = identity.StartTicks - 1 });

        var machine = Assert.Single(await SweepAsync(Connect()));
        await Connect().TerminateAsync([new InstanceRef(machine.Instance, null)], CancellationToken.None);

        Assert.Equal(MachineState.Ended, machine.State);
        Assert.False(other.HasExited);
        other.Kill();
    }

    [Fact]
    public async Task Sweep_AfterAReboot_CallsEverythingEnded()
    {
        var folder = InstanceFolder.Record(_root, Intent(NewId(), DateTimeOffset.UtcNow));
        await WriteProcessAsync(folder, ProcessTable.Self with { BootId = "an earlier boot" });

        Assert.Equal(MachineState.Ended, Assert.Single(await SweepAsync(Connect())).State);
    }

    [Fact]
    public async Task Sweep_WithAFolderThatCannotBeRead_IsIncompleteAndShowsTheRest()
    {
        var (whole, broken) = (NewId(), NewId());
        InstanceFolder.Record(_root, Intent(whole, DateTimeOffset.UtcNow));
        var folder = InstanceFolder.Record(_root, Intent(broken, DateTimeOffset.UtcNow));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "intent.json"), "{ \"instance\": ");

        var sweep = Assert.IsType<SweepOutcome.Incomplete>(await Connect().SweepAsync(CancellationToken.None));

        Assert.Equal(whole, Assert.Single(sweep.Machines).Instance);
        Assert.Contains(broken.Value, sweep.Message);
    }

    [Fact]
    public async Task Sweep_OfARootThatIsGone_IsIncomplete()
    {
        var provider = Connect();
        Directory.Delete(_root);

        var sweep = await provider.SweepAsync(CancellationToken.None);

        Directory.CreateDirectory(_root);
        Assert.IsType<SweepOutcome.Incomplete>(sweep);
    }

    [Fact]
    public async Task Sweep_PrunesWhatEndedLongAgoAndLeavesOtherClustersAlone()
    {
        InstanceFolder.Record(_root, Intent(NewId(), DateTimeOffset.UtcNow.AddDays(-2)));
        var foreign = InstanceFolder.Record(_root, Intent(NewId(), DateTimeOffset.UtcNow.AddDays(-2)) with { Cluster = "another" });

        Assert.Empty(await SweepAsync(Connect()));

        Assert.Equal([foreign.Path], Directory.GetDirectories(_root));
        Assert.Null(foreign.ReadEnd());
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("")]
    [InlineData(".hidden")]
    public async Task Launch_WithAnIdThatIsNoFolderName_IsRefused(string id)
    {
        var outcome = Assert.Single(await Connect().LaunchAsync(Batch(new InstanceId(id)), CancellationToken.None));

        Assert.Equal(ProviderFault.Misconfigured, Assert.IsType<LaunchOutcome.Failed>(outcome).Fault);
        Assert.Empty(Directory.GetDirectories(_root));
    }

    private LocalProvider Connect(IReadOnlyList<string> command, TimeSpan? confirmTimeout = null)
    {
        var options = new LocalProviderOptions
        {
            Root = _root,
            Cluster = "test",
            ServerUrl = "http://127.0.0.1:1",
            WorkerCommand = command,
            TermGrace = TimeSpan.FromSeconds(1),
            ConfirmTimeout = confirmTimeout ?? TimeSpan.FromSeconds(20),
        };
        Assert.True(new LocalProviderOptionsValidator().Validate(null, options).Succeeded);
        var provider = new LocalProvider("local", options, TimeProvider.System, NullLogger<LocalProvider>.Instance);
        _providers.Add(provider);
        return provider;
    }

    private static LocalIntent Intent(InstanceId instance, DateTimeOffset at) => new(instance.Value, "test", Queue.Value, "small", at, at);

    private InstanceFolder Folder(LaunchBatch batch) => new(Path.Combine(_root, batch.Intents[0].Instance.Value));

    private LocalProcess ProcessOf(LaunchBatch batch) => Folder(batch).ReadProcess()!;

    private static List<ProcessEntry> Family(InstanceId instance) => [.. Families()[instance.Value]];

    private static ILookup<string, ProcessEntry> Families() => ProcessTable.Families("CONTROLPLANE_INSTANCE");

    private static HashSet<string> Inherited() =>
        [.. Directory.GetFiles("/proc/self/fd").Select(f => new FileInfo(f).LinkTarget).OfType<string>()];

    private static Task WriteProcessAsync(InstanceFolder folder, ProcessIdentity identity) => File.WriteAllTextAsync(
        Path.Combine(folder.Path, "process.json"),
        $$"""
        {"identity":{"pid":{{identity.Pid}},"startTicks":{{identity.StartTicks}},"bootId":"{{identity.BootId}}"},"startedAt":"2026-01-01T00:00:00+00:00"}
        """);
}
