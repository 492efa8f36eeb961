using ControlPlane.Actors.Storage;

namespace ControlPlane.Actors.Tests.Storage;

public sealed class JournalProbeTests
{
    [Theory]
    [InlineData(JournalPlugin.Grouped)]
    [InlineData(JournalPlugin.AkkaPersistenceSql)]
    public async Task Probe_WritableJournal_MakesItHealthyAgain(JournalPlugin journal)
    {
        using var directory = new TemporaryStorage();
        await using var storage = new NodeStorage(directory.Options(journal), TimeProvider.System);
        var health = new JournalHealth(TimeProvider.System);
        var changes = new List<bool>();
        health.Changed += status => changes.Add(status.Healthy);
        health.Failed(new IOException("gone"));
        using var probe = new JournalProbe(storage, health, TimeProvider.System);
        await probe.ProbeAsync(CancellationToken.None);
        Assert.True(health.Status.Healthy);
        Assert.Equal([false, true], changes);
    }

    [Fact]
    public async Task Probe_DiskNearlyFull_SaysSo()
    {
        using var directory = new TemporaryStorage();
        await using var storage = new NodeStorage(new StorageOptions { Path = directory.Path, MinFreeDiskBytes = long.MaxValue }, TimeProvider.System);
        var health = new JournalHealth(TimeProvider.System);
        using var probe = new JournalProbe(storage, health, TimeProvider.System);
        await probe.ProbeAsync(CancellationToken.None);
        Assert.False(health.Status.Healthy);
        Assert.Contains("MiB left", health.Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Probe_TableGone_ReportsTheFault()
    {
        using var directory = new TemporaryStorage();
        await using var storage = new NodeStorage(directory.Options(), TimeProvider.System);
        await using (var connection = storage.Database.Open())
            Dapper.SqlMapper.Execute(connection, "DROP TABLE journal_probe");
        var health = new JournalHealth(TimeProvider.System);
        using var probe = new JournalProbe(storage, health, TimeProvider.System);
        await probe.ProbeAsync(CancellationToken.None);
        Assert.False(health.Status.Healthy);
        Assert.Contains("journal_probe", health.Status.Reason, StringComparison.Ordinal);
    }
}
