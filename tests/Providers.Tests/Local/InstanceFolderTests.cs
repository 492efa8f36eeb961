using ControlPlane.Providers.Local;

namespace ControlPlane.Providers.Tests.Local;

/// <summary>The protocol of the state folder, without any process but this one.</summary>
public sealed class InstanceFolderTests : IDisposable
{
    private static readonly DateTimeOffset _noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly string _root = Directory.CreateTempSubdirectory("controlplane-folder-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Record_Twice_KeepsTheFirstIntent()
    {
        var first = Record();
        var again = InstanceFolder.Record(_root, first.ReadIntent() with { Queue = "other", RecordedAt = _noon.AddHours(1) });

        Assert.Equal("training", again.ReadIntent().Queue);
        Assert.Equal([first.Path], Directory.GetDirectories(_root));
    }

    [Fact]
    public async Task Claim_WhileAnotherHoldsIt_IsRefusedAtOnce()
    {
        var folder = Record();
        var (first, _) = await ClaimAsync(folder);

        var (second, refusal) = await ClaimAsync(folder);

        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Contains("runs already", refusal);
        first.Dispose();
    }

    [Fact]
    public async Task Claim_ByManyAtOnce_IsGivenToOne()
    {
        var folder = Record();

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => ClaimAsync(folder))));

        Assert.Single(claims, c => c.Claim is not null);
    }

    [Fact]
    public async Task Claim_AfterTheFirstProcessDied_IsRefused()
    {
        var folder = Record();
        var (first, _) = await ClaimAsync(folder);
        first!.Dispose();

        var (second, refusal) = await ClaimAsync(folder);

        Assert.Null(second);
        Assert.Contains("has run already", refusal);
    }

    [Fact]
    public async Task Claim_OfAnEndedInstance_IsRefused()
    {
        var folder = Record();
        Assert.NotNull(folder.TryEnd(_ => new LocalEnd(_noon, false, "over")));

        var (claim, refusal) = await ClaimAsync(folder);

        Assert.Null(claim);
        Assert.Contains("over", refusal);
        Assert.Null(folder.ReadProcess());
    }

    [Fact]
    public async Task TryEnd_WhileTheClaimIsHeld_DoesNothing()
    {
        var folder = Record();
        var (claim, _) = await ClaimAsync(folder);

        Assert.Null(folder.TryEnd(_ => new LocalEnd(_noon, false, "over")));
        claim!.Dispose();
        var end = folder.TryEnd(ran => new LocalEnd(_noon, false, $"{ran!.Identity.Pid}"));

        Assert.Equal($"{Environment.ProcessId}", end!.Message);
        Assert.Equal(end, folder.TryEnd(_ => new LocalEnd(_noon.AddHours(1), true, "again")));
    }

    [Fact]
    public void RequestTermination_Twice_KeepsTheFirstMoment()
    {
        var folder = Record();
        folder.RequestTermination(_noon, "first");
        folder.RequestTermination(_noon.AddMinutes(1), "second");

        Assert.Equal(new LocalMoment(_noon, "first"), folder.ReadTermination());
    }

    [Fact]
    public async Task CapConsole_OfALongConsole_KeepsItsNewerLines()
    {
        var folder = Record();
        var (claim, _) = await ClaimAsync(folder);
        await File.WriteAllLinesAsync(folder.ConsolePath, Enumerable.Range(0, 1000).Select(i => $"line {i}"));

        claim!.CapConsole(1000);
        await File.AppendAllTextAsync(folder.ConsolePath, "the end\n");

        var console = await folder.ReadConsoleAsync(10_000, CancellationToken.None);
        Assert.StartsWith("(older lines were dropped)\nline ", console);
        Assert.EndsWith("line 999\nthe end\n", console);
        Assert.True(console!.Length < 600);
        Assert.Equal("the end\n", await folder.ReadConsoleAsync(8, CancellationToken.None));
        claim.Dispose();
    }

    private InstanceFolder Record() => InstanceFolder.Record(_root, new LocalIntent("01A", "test", "training", "small", _noon, _noon));

    private static Task<(InstanceClaim? Claim, string? Refusal)> ClaimAsync(InstanceFolder folder) =>
        folder.ClaimAsync(TimeProvider.System, TimeSpan.FromSeconds(5), CancellationToken.None);
}
