using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Remote;
using ControlPlane.Actors.Clustering;

namespace ControlPlane.Host.Tests.Certificates;

/// <summary>Real actor systems over the loopback: only those whose certificate our authority signed talk with each other.</summary>
public sealed class RemotingTlsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-tls-").FullName;
    private readonly List<ActorSystem> _systems = [];

    public async Task InitializeAsync()
    {
        foreach (var authority in new[] { "ours", "theirs" })
        {
            await CertificateTests.RunAsync("certs", "init", "--out", Path.Combine(_folder, authority), "--name", authority);
            foreach (var node in new[] { "one", "two" })
                await CertificateTests.RunAsync("certs", "issue", node, "--ca", Path.Combine(_folder, authority));
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var system in _systems)
            await system.Terminate();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public async Task NodesOfOneAuthority_TalkWithEachOther()
    {
        var one = Start(Tls("ours", "one"));
        var two = Start(Tls("ours", "two"));

        Assert.Equal("hello", await one.ActorSelection(EchoOf(two)).Ask<string>("hello", Patience));
        Assert.Equal("hello", await two.ActorSelection(EchoOf(one)).Ask<string>("hello", Patience));
    }

    // Akka ends a system whose own call fails in the handshake; the one that is called only hangs up. So each direction has systems of its own.
    [Theory]
    [InlineData("theirs", "ours")]
    [InlineData("ours", "theirs")]
    [InlineData(null, "ours")]
    [InlineData("ours", null)]
    public async Task ANodeOfAnotherAuthority_OrWithoutOne_IsRefused(string? from, string? to)
    {
        var called = Start(to is null ? null : Tls(to, "one"));

        Assert.NotEmpty(await RefusedAsync(Start(from is null ? null : Tls(from, "two")), called));
        Assert.Equal("still here", await Start(to is null ? null : Tls(to, "two")).ActorSelection(EchoOf(called)).Ask<string>("still here", Patience));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACallerWithoutACertificate_OrWithAnothers_HearsNothing(bool withAnothers)
    {
        var ours = Start(Tls("ours", "one"));
        using var read = X509Certificate2.CreateFromPemFile(In("theirs", "one.crt"), In("theirs", "one.key"));
        using var theirs = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", AddressOf(ours).Port!.Value);
#pragma warning disable CA5359 // This caller trusts everybody; whether it is trusted is the question.
        await using var stream = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359

        // In TLS 1.3 the server's refusal arrives after the client believes the handshake done.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await stream.AuthenticateAsClientAsync("127.0.0.1", withAnothers ? [theirs] : null, checkCertificateRevocation: false);
            await stream.WriteAsync(new byte[64]);
            if (await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience) == 0)
                throw new IOException("The server hung up.");
        });
        Assert.Equal("still here", await Start(Tls("ours", "two")).ActorSelection(EchoOf(ours)).Ask<string>("still here", Patience));
    }

    [Fact]
    public void ACertificateThatTheOthersWouldRefuse_IsNotUsed()
    {
        var mixed = new RemotingTls { CertificateFile = In("theirs", "one.crt"), KeyFile = In("theirs", "one.key"), AuthorityFile = In("ours", "ca.crt") };

        Assert.Contains("was not signed by", Assert.Throws<ConfigurationException>(() => mixed.Setup()).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<ConfigurationException>(() => new RemotingTls { CertificateFile = In("ours", "one.key"), KeyFile = In("ours", "one.key"), AuthorityFile = In("ours", "ca.crt") }.Setup()).Message, StringComparison.Ordinal);
        Assert.Contains("KeyFile, AuthorityFile", Assert.Single(new RemotingTls { CertificateFile = In("ours", "one.crt") }.Faults("Cluster:Tls")), StringComparison.Ordinal);
        Assert.Empty(Tls("ours", "one").Faults("Cluster:Tls"));
    }

    /// <summary>Sends until one of the two says that the connection failed; nothing may have arrived.</summary>
    private static async Task<string> RefusedAsync(ActorSystem from, ActorSystem to)
    {
        var failed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var system in new[] { from, to })
        {
            var listener = system.ActorOf(Props.Create(() => new Listener(failed)));
            foreach (var news in new[] { typeof(AssociationErrorEvent), typeof(Akka.Event.Warning), typeof(Akka.Event.Error) })
                system.EventStream.Subscribe(listener, news);
        }

        var address = AddressOf(to).WithProtocol(AddressOf(from).Protocol);
        var answer = from.ActorSelection($"{address}/user/echo").Ask<string>("let me in", Patience);
        var cause = await failed.Task.WaitAsync(Patience);
        Assert.False(answer.IsCompletedSuccessfully);
        Assert.Equal(0, await to.ActorSelection("/user/echo").Ask<int>(Count.Instance, Patience));
        return cause;
    }

    private static string EchoOf(ActorSystem system) => $"{AddressOf(system)}/user/echo";

    private static Address AddressOf(ActorSystem system) => ((ExtendedActorSystem)system).Provider.DefaultAddress;

    private string In(string authority, string file) => Path.Combine(_folder, authority, file);

    private RemotingTls Tls(string authority, string node) =>
        new() { CertificateFile = In(authority, $"{node}.crt"), KeyFile = In(authority, $"{node}.key"), AuthorityFile = In(authority, "ca.crt") };

    private ActorSystem Start(RemotingTls? tls)
    {
        var config = ConfigurationFactory.ParseString("""
            akka { loglevel = WARNING, stdout-loglevel = OFF, loggers = [], actor.provider = remote, remote.dot-netty.tcp { hostname = "127.0.0.1", port = 0 } }
            """);
        var setup = ActorSystemSetup.Empty.And(BootstrapSetup.Create().WithConfig(tls is null ? config : RemotingTls.Hocon.WithFallback(config)));
        var system = ActorSystem.Create("node", tls is null ? setup : setup.And(tls.Setup()));
        _systems.Add(system);
        system.ActorOf(Props.Create(() => new Echo()), "echo");
        return system;
    }

    private sealed class Count
    {
        public static Count Instance { get; } = new();
    }

    private sealed class Echo : ReceiveActor
    {
        private int _heard;

        public Echo()
        {
            Receive<string>(text =>
            {
                _heard++;
                Sender.Tell(text);
            });
            Receive<Count>(_ => Sender.Tell(_heard));
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(TaskCompletionSource<string> failed)
        {
            Receive<AssociationErrorEvent>(e => failed.TrySetResult(e.Cause.ToString()));
            Receive<Akka.Event.LogEvent>(e => failed.TrySetResult(e.Message.ToString() ?? ""));
        }
    }
}
