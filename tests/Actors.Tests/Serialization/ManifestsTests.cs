using System.Runtime.Serialization;
using System.Text;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Tests.Shell;

namespace ControlPlane.Actors.Tests.Serialization;

public sealed class ManifestsTests
{
    [Fact]
    public void Write_RegisteredType_ReadsBackUnderItsManifest()
    {
        var manifests = CounterManifests.All;
        Assert.Equal("counter.added.v1", manifests.NameOf(new CounterEvent.Added(1)));
        var json = manifests.Write(new CounterEvent.Added(3));
        Assert.Equal("""{"amount":3}""", Encoding.UTF8.GetString(json));
        Assert.Equal(new CounterEvent.Added(3), manifests.Read("counter.added.v1", json));
    }

    [Fact]
    public void Write_UnregisteredType_IsRefusedByName()
    {
        var fault = Assert.Throws<SerializationException>(() => CounterManifests.All.Write(new CounterEvent.Observed(1)));
        Assert.Contains("Observed has no manifest", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_UnknownManifest_IsRefusedByName()
    {
        var fault = Assert.Throws<SerializationException>(() => CounterManifests.All.Read("counter.added.v7", "{}"u8));
        Assert.Contains("counter.added.v7", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_JsonOfAnotherShape_IsRefused() =>
        Assert.Throws<SerializationException>(() => CounterManifests.All.Read("counter.added.v1", """{"amount":"many"}"""u8));

    [Fact]
    public void Read_OldEvent_ComesBackAsWhatItMeansToday() =>
        Assert.Equal(new CounterEvent.Added(4), CounterManifests.All.Read("counter.incremented.v1", """{"by":4}"""u8));

    [Fact]
    public void Of_SameManifestTwice_IsRefused()
    {
        var table = new ManifestTable().Event("counter.added.v1", CounterJson.Default.Added);
        Assert.Throws<ArgumentException>(() => Manifests.Of(CounterManifests.Table, table));
    }

    [Fact]
    public void Of_SameTypeTwice_IsRefused()
    {
        var table = new ManifestTable().Event("counter.added.v2", CounterJson.Default.Added);
        Assert.Throws<ArgumentException>(() => Manifests.Of(CounterManifests.Table, table));
    }

    [Theory]
    [InlineData("Added")]
    [InlineData("counter.added")]
    [InlineData("counter added.v1")]
    [InlineData("")]
    public void Register_ManifestWithoutVersionOrForm_IsRefused(string manifest) =>
        Assert.Throws<ArgumentException>(() => new ManifestTable().Event(manifest, CounterJson.Default.Added));

    [Fact]
    public void ShellMessages_ReadBack()
    {
        var refusal = new ShellRefusal("counter-1", RefusalReason.Restarting);
        var json = CounterManifests.All.Write(refusal);
        Assert.Contains("Restarting", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        Assert.Equal(refusal, CounterManifests.All.Read("shell.refusal.v1", json));
    }
}
