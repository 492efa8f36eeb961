using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Serialization;
using ControlPlane.Actors.Queues;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Sources;
using ControlPlane.Actors.Tests.Golden;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Tests.Serialization;

/// <summary>Everything that entities say to each other survives the way to another node, through Akka's own serialization as the product sets it up.</summary>
public sealed class MessagesTests : IAsyncLifetime
{
    private IHost _host = null!;
    private ExtendedActorSystem _system = null!;

    public async Task InitializeAsync()
    {
        _host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders())
            .ConfigureServices(services => services.AddAkka("wire", akka => akka.WithManifests(EntityHosting.Manifests)))
            .Build();
        await _host.StartAsync();
        _system = (ExtendedActorSystem)_host.Services.GetRequiredService<ActorSystem>();
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    public static TheoryData<string> Messages => [.. EntityHosting.Manifests.All.Where(m => m.Kind == ManifestKind.Message).Select(m => m.Name)];

    /// <summary>Of every closed set that may stand in a message, each case is tried.</summary>
    [Theory]
    [MemberData(nameof(Messages))]
    public void Message_OverTheWire_ComesBackWhole(string manifest)
    {
        var type = EntityHosting.Manifests.All.Single(m => m.Name == manifest).Type;
        HashSet<string> tried = [];
        foreach (var fact in Cases().Prepend(null))
        {
            var message = Samples.Of(type, fact);
            var (bytes, back) = OverTheWire(message);
            if (!tried.Add(Encoding.UTF8.GetString(bytes)))
                continue;
            Assert.Equal(type, back.GetType());
            Assert.Equivalent(message, back, strict: true);
            Assert.DoesNotContain("ControlPlane.", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        }
    }

    /// <summary>A command that is added without a manifest would only fail when it first goes to another node.</summary>
    [Fact]
    public void Protocols_EveryCase_HasAManifest()
    {
        Type[] sets = [typeof(CatalogCommand), typeof(CatalogReply), typeof(LedgerCommand), typeof(ScalerCommand), typeof(Domain.Providers.GatewayCommand), typeof(Domain.Sources.WatcherCommand), typeof(SourceRequest)];
        Assert.All(sets.SelectMany(s => s.GetNestedTypes().Where(t => t.IsAssignableTo(s))), t => Assert.True(EntityHosting.Manifests.Knows(t), t.FullName));
        var asked = typeof(EntityHosting).Assembly.GetTypes().Where(t => t.IsPublic && t.IsClass && !t.IsAbstract && (t.Name.EndsWith("Query", StringComparison.Ordinal) || t.Name is nameof(ScalerReply) or nameof(ShellRefusal)));
        Assert.All(asked, t => Assert.True(EntityHosting.Manifests.Knows(t), t.FullName));
    }

    [Fact]
    public void Envelope_OverTheWire_KeepsItsMessage()
    {
        var envelope = new ShardingEnvelope("red", new ScalerCommand.Leave(new Domain.Instances.InstanceId("01ARZ3NDEKTSV4RRFFQ69G5FAV"), true, "me"));
        var config = ConfigurationFactory.ParseString("akka.actor.provider = cluster\nakka.remote.dot-netty.tcp { hostname = \"127.0.0.1\", port = 0 }").WithFallback(ClusterSharding.DefaultConfig());
        using var system = ActorSystem.Create("sharding", BootstrapSetup.Create().WithConfig(config).And(SerializationSetup.Create(s =>
            [SerializerDetails.Create("stj", new ManifestSerializer(s, EntityHosting.Manifests, new OldestMember(s).Version), [typeof(ScalerCommand.Leave)])])));
        var serializer = system.Serialization.FindSerializerFor(envelope);
        var back = Assert.IsType<ShardingEnvelope>(system.Serialization.Deserialize(
            serializer.ToBinary(envelope), serializer.Identifier, Akka.Serialization.Serialization.ManifestFor(serializer, envelope)));
        Assert.Equal(envelope.Message, back.Message);
        Assert.DoesNotContain("Newtonsoft", serializer.GetType().Name, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Type_WithoutManifest_IsRefusedBothWays()
    {
        var serializer = _system.Serialization.FindSerializerFor(new Stranger(1));
        Assert.Contains("has no manifest", Assert.ThrowsAny<Exception>(() => serializer.ToBinary(new Stranger(1))).Message, StringComparison.Ordinal);
        Assert.Throws<System.Runtime.Serialization.SerializationException>(() =>
            _system.Serialization.Deserialize("""{"$type":"System.IO.FileInfo"}"""u8.ToArray(), 1, typeof(FileInfo).AssemblyQualifiedName!));
    }

    private (byte[] Bytes, object Back) OverTheWire(object message)
    {
        var serializer = Assert.IsType<ManifestSerializer>(_system.Serialization.FindSerializerFor(message));
        var bytes = serializer.ToBinary(message);
        return (bytes, _system.Serialization.Deserialize(bytes, serializer.Identifier, serializer.Manifest(message)));
    }

    private static IEnumerable<Type?> Cases() => new[] { typeof(ScalerCommand).Assembly, typeof(EntityHosting).Assembly }
        .SelectMany(a => a.GetTypes()).Where(t => t.IsAbstract && t.GetCustomAttribute<JsonPolymorphicAttribute>() is not null)
        .SelectMany(set => set.GetCustomAttributes<JsonDerivedTypeAttribute>().Select(d => d.DerivedType));

    private sealed record Stranger(int Number);
}
