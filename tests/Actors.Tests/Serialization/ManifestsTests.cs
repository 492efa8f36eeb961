using System.Runtime.Serialization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Akka.Util;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Tests.Shell;

namespace ControlPlane.Actors.Tests.Serialization;

public sealed class ManifestsTests
{
    /// <summary>An addition has been written in three ways.</summary>
    private static readonly Manifests ThreeForms = Manifests.Of(new ManifestTable()
        .Event("counter.added.v2", Renamed<CounterEvent.Added>(), since: "2.0.0")
        .Former<CounterEvent.Added, CounterEvent.Added>("counter.added.v1", CounterJson.Default.Added, former => former, today => today, since: "1.1.0")
        .Former<Incremented, CounterEvent.Added>("counter.incremented.v1", CounterJson.Default.Incremented, former => new(former.By), today => new(today.Amount))
        .Event("counter.started.v1", CounterJson.Default.Started));

    private static JsonTypeInfo<T> Renamed<T>() => (JsonTypeInfo<T>)new JsonSerializerOptions { TypeInfoResolver = CounterJson.Default }.GetTypeInfo(typeof(T));

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
    public void Read_FormerForm_ComesBackAsWhatItMeansToday() =>
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
    [InlineData("0.9.0", "counter.incremented.v1", """{"by":4}""")]
    [InlineData("1.0.0", "counter.incremented.v1", """{"by":4}""")]
    [InlineData("1.1.0", "counter.added.v1", """{"amount":4}""")]
    [InlineData("1.9.7", "counter.added.v1", """{"amount":4}""")]
    [InlineData("2.0.0", "counter.added.v2", """{"Amount":4}""")]
    [InlineData("10.0.0", "counter.added.v2", """{"Amount":4}""")]
    public void FormFor_OldestNode_IsTheNewestFormThatItReads(string oldest, string manifest, string json)
    {
        var form = ThreeForms.FormFor(new CounterEvent.Added(4), () => AppVersion.Create(oldest), out var choice);
        Assert.True(choice);
        Assert.Equal((manifest, json), (form.Name, Encoding.UTF8.GetString(Manifests.Write(new CounterEvent.Added(4), form))));
        Assert.Equal(new CounterEvent.Added(4), ThreeForms.Read(manifest, Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void FormFor_OneForm_DoesNotAskWhoReadsIt()
    {
        var form = ThreeForms.FormFor(new CounterEvent.Started("a"), () => throw new InvalidOperationException("There is no choice."), out var choice);
        Assert.Equal(("counter.started.v1", false), (form.Name, choice));
    }

    /// <summary>Akka asks twice; between the two the oldest node may leave.</summary>
    [Fact]
    public void Serializer_OldestNodeGoesInBetween_ManifestAndJsonAreOfOneForm()
    {
        using var system = ActorSystem.Create("forms");
        var oldest = "1.1.0";
        var serializer = new ManifestSerializer((ExtendedActorSystem)system, ThreeForms, () => AppVersion.Create(oldest));
        var first = new CounterEvent.Added(4);
        Assert.Equal("counter.added.v1", serializer.Manifest(first));
        oldest = "2.0.0";
        Assert.Equal("""{"amount":4}""", Encoding.UTF8.GetString(serializer.ToBinary(first)));
        var second = new CounterEvent.Added(5);
        Assert.Equal("""{"Amount":5}""", Encoding.UTF8.GetString(serializer.ToBinary(second)));
        Assert.Equal("counter.added.v2", serializer.Manifest(second));
    }

    [Fact]
    public void Of_FormerFormThatIsNotOlder_IsRefused()
    {
        var table = new ManifestTable()
            .Event("counter.added.v2", CounterJson.Default.Added)
            .Former<CounterEvent.Added, CounterEvent.Added>("counter.added.v1", CounterJson.Default.Added, former => former, today => today);
        var fault = Assert.Throws<ArgumentException>(() => Manifests.Of(table));
        Assert.Contains("'counter.added.v1' is written for nodes that cannot read 'counter.added.v2'", fault.Message, StringComparison.Ordinal);
        var alone = new ManifestTable().Former<Incremented, CounterEvent.Added>("counter.incremented.v1", CounterJson.Default.Incremented, former => new(former.By), today => new(today.Amount));
        Assert.Contains("has no manifest of its own", Assert.Throws<ArgumentException>(() => Manifests.Of(alone)).Message, StringComparison.Ordinal);
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
