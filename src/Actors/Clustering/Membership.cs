using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using ControlPlane.Actors.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Clustering;

/// <summary>Who this node is.</summary>
/// <param name="Cluster">The name of its cluster.</param>
/// <param name="Url">Where its API listens.</param>
/// <param name="Version">Of its program.</param>
public sealed record NodeIdentity(string Cluster, string Url, string Version);

/// <summary>
/// Joins this node to its cluster when the host has started, says in the database that it lives, and ends it when the others went on without it. When the host stops,
/// the node first says that it is unready, for <see cref="ClusterSettings.DrainTime"/>. docs/decisions/0012 says why it works as it does.
/// </summary>
public sealed partial class Membership(
    IServiceProvider services, NodeStorage storage, ClusterSettings settings, NodeIdentity identity, RestartWish restart, TimeProvider time, ILogger<Membership> log)
    : IHostedLifecycleService, IDisposable
{
    /// <summary>A row of a node that this one does not see in the cluster is taken out after as many beats.</summary>
    private const int MissedBeats = 5;

    /// <summary>After as many attempts to join that came to nothing a node starts again as a new one.</summary>
    private const int JoinAttempts = 2;

    private readonly MembershipTable _table = new(storage);
    private readonly Witness _witness = new(settings, time);
    private readonly Dictionary<(string, long), int> _missed = [];
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _closing = new();
    private volatile bool _draining;
    private bool _joinedWritten;
    private bool _disposed;
    private NodeRow? _self;
    private Task _work = Task.CompletedTask;

    /// <summary>Cancelled when requests that would last, such as streams of events, are to end, so that the host can stop.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Whether the node is about to stop: it answers still, but is to be given no more work.</summary>
    public bool Draining => _draining;

    private bool HasTable => storage.Options.Provider == StorageProvider.PostgreSql;

    private ActorSystem System => services.GetRequiredService<ActorSystem>();

    /// <summary>The nodes that the database knows; none on SQLite.</summary>
    public async Task<IReadOnlyList<NodeRow>> NodesAsync(CancellationToken cancel) => HasTable ? await _table.NodesAsync(cancel).ConfigureAwait(false) : [];

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="InvalidOperationException">This node must not join: its database or its journal is not that of the others.</exception>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        var cluster = Cluster.Get(System);
        _self = new NodeRow(
            cluster.SelfAddress.ToString(), cluster.SelfUniqueAddress.Uid, identity.Url, identity.Version, storage.Options.Journal.ToString(), false, 0, TimeSpan.Zero);
        if (HasTable)
        {
            await _table.EnterAsync(_self, identity.Cluster, cancellationToken).ConfigureAwait(false);
            await RefuseOtherJournalsAsync(_self, cancellationToken).ConfigureAwait(false);
        }

        _work = Task.Run(() => RunAsync(cluster, _self, _end.Token), CancellationToken.None);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _draining = true;
        if (restart.Reason is null && ClusterStatus.Of(System) is { Up: true, Members.Count: > 1 } && settings.DrainTime > TimeSpan.Zero)
        {
            Leaving(log, settings.DrainTime);
            using var pause = new PeriodicTimer(settings.DrainTime, time);
            await pause.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!_disposed)
            await _closing.CancelAsync().ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        if (CoordinatedShutdown.Get(System).ShutdownReason is CoordinatedShutdown.ClusterDowningReason)
            restart.Wish("the other nodes were out of reach, and they are the greater part: they go on without this one");
        return Task.CompletedTask;
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (!_disposed)
            await _end.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        if (!HasTable || _self is null)
            return;
        try
        {
            await _table.RemoveAsync(_self.Address, _self.Incarnation, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            // Then others find out that it is dead, which takes them some seconds more.
            RowLeft(log, fault);
        }
    }

    public void Dispose()
    {
        // The container ends what it was given in two roles twice.
        if (_disposed)
            return;
        _disposed = true;
        _end.Cancel();
        _end.Dispose();
        _closing.Dispose();
    }

    /// <summary>Two plug-ins write the same tables by different rules: the numbers that one gives are not safe for readers of the other.</summary>
    private async Task RefuseOtherJournalsAsync(NodeRow self, CancellationToken cancel)
    {
        var other = (await _table.NodesAsync(cancel).ConfigureAwait(false)).FirstOrDefault(n => n.Journal != self.Journal && n.Age < settings.DeadAfter);
        if (other is null)
            return;
        await _table.RemoveAsync(self.Address, self.Incarnation, cancel).ConfigureAwait(false);
        throw new InvalidOperationException(
            $"The node {other.Url} writes its journal with {other.Journal}, and this one is set to {self.Journal} ({StorageOptions.Section}:{nameof(StorageOptions.Journal)}). All nodes of a cluster use the same plug-in.");
    }

    private async Task RunAsync(Cluster cluster, NodeRow self, CancellationToken cancel)
    {
        try
        {
            using var pace = new PeriodicTimer(settings.Heartbeat, time);
            var number = await JoinAsync(cluster, self, pace, cancel).ConfigureAwait(false);
            while (HasTable && !_draining)
            {
                await BeatAsync(cluster, self, number, cancel).ConfigureAwait(false);
                await pace.WaitForNextTickAsync(cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <returns>The number of the cluster that was joined; null if it has none.</returns>
    private async Task<long?> JoinAsync(Cluster cluster, NodeRow self, PeriodicTimer pace, CancellationToken cancel)
    {
        for (var failed = 0; failed < JoinAttempts;)
        {
            if (await TryAsync(cluster, self, cancel).ConfigureAwait(false) is { } attempt)
            {
                if (await IsUpAsync(cluster, attempt.Limit, pace, cancel).ConfigureAwait(false))
                {
                    Joined(log, cluster.SelfAddress);
                    return attempt.Number;
                }

                failed++;
            }

            await pace.WaitForNextTickAsync(cancel).ConfigureAwait(false);
        }

        // The others may have given this node up before it was one of them, and hear no more of it: no member, it is not told to end.
        restart.Wish($"it could not join its cluster in {JoinAttempts} attempts");
        _ = CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterDowningReason.Instance);
        return null;
    }

    /// <returns>Null if there was nothing to try.</returns>
    private async Task<Attempt?> TryAsync(Cluster cluster, NodeRow self, CancellationToken cancel)
    {
        if (!HasTable)
        {
            cluster.Join(cluster.SelfAddress);
            return new Attempt(null, null);
        }

        if (settings.SeedNodes.Count > 0)
        {
            cluster.JoinSeedNodes(settings.SeedNodes.Select(s => Seed(cluster, s)));
            return new Attempt(null, null);
        }

        return await LookAsync(self, cancel).ConfigureAwait(false) is { } look ? new Attempt(Follow(cluster, look), settings.JoinTimeout) : null;
    }

    private async Task<bool> IsUpAsync(Cluster cluster, TimeSpan? limit, PeriodicTimer pace, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        while (cluster.SelfMember.Status != MemberStatus.Up)
        {
            if (time.GetElapsedTime(started) >= limit)
            {
                NotJoined(log, limit.Value);
                return false;
            }

            await pace.WaitForNextTickAsync(cancel).ConfigureAwait(false);
        }

        return true;
    }

    /// <returns>Null while it cannot be said, because nodes may live that do not show it, or the database does not answer.</returns>
    private async Task<Lookout?> LookAsync(NodeRow self, CancellationToken cancel)
    {
        try
        {
            await _table.BeatAsync(self, cancel).ConfigureAwait(false);
            var seen = (await _table.NodesAsync(cancel).ConfigureAwait(false)).Where(n => n.Joined && n.Address != self.Address).ToList();
            var dead = await _witness.DeadAsync(seen, cancel).ConfigureAwait(false);
            return await _table.LookAsync(self, identity.Cluster, n => dead.Contains((n.Address, n.Incarnation, n.Beats)), cancel).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // The database is away: as long as it is, nothing can be said about who lives.
            NoLook(log, fault);
            return null;
        }
    }

    private long Follow(Cluster cluster, Lookout look)
    {
        if (look.Founded)
        {
            Founds(log, look.Cluster);
            cluster.Join(cluster.SelfAddress);
        }
        else
        {
            Joins(log, string.Join(", ", look.Join.Select(n => n.Address)), look.Cluster);
            cluster.JoinSeedNodes(look.Join.Select(n => Address.Parse(n.Address)));
        }

        return look.Cluster;
    }

    private async Task BeatAsync(Cluster cluster, NodeRow self, long? number, CancellationToken cancel)
    {
        try
        {
            switch (await _table.BeatAsync(self, cancel).ConfigureAwait(false))
            {
                case Standing.Removed when !_draining:
                    End(cluster, "this node was silent for so long that the others have removed it");
                    return;
                case Standing.Outdated when !_draining:
                    End(cluster, "this node's cluster was taken for dead, and the others have begun another");
                    return;
            }

            if (number is { } joined && !_joinedWritten)
            {
                await _table.JoinedAsync(self, joined, MembersOf(cluster), cancel).ConfigureAwait(false);
                _joinedWritten = true;
            }

            await TakeOutAsync(cluster, cancel).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // The journal's health tells that the database is away; the cluster itself goes on.
            NoBeat(log, fault);
        }
    }

    /// <summary>
    /// Takes out the rows of nodes that the cluster has removed, so that one that only stood still finds out as soon as it goes on. A node that joins this very moment may
    /// say so before this one has heard of it.
    /// </summary>
    private async Task TakeOutAsync(Cluster cluster, CancellationToken cancel)
    {
        var members = MembersOf(cluster);
        if (cluster.IsTerminated || cluster.SelfMember.Status != MemberStatus.Up)
            return;
        var gone = (await _table.NodesAsync(cancel).ConfigureAwait(false))
            .Where(n => !members.Contains((n.Address, n.Incarnation)) && (n.Joined || n.Age > settings.DeadAfter))
            .Select(n => (n.Address, n.Incarnation)).ToHashSet();
        foreach (var back in _missed.Keys.Where(k => !gone.Contains(k)).ToList())
            _missed.Remove(back);
        foreach (var key in gone)
        {
            if ((_missed[key] = _missed.GetValueOrDefault(key) + 1) < MissedBeats)
                continue;
            await _table.RemoveAsync(key.Address, key.Incarnation, cancel).ConfigureAwait(false);
            TakenOut(log, key.Address);
        }
    }

    private static HashSet<(string Address, long Incarnation)> MembersOf(Cluster cluster) => cluster.State.Members.Select(m => (m.Address.ToString(), (long)m.UniqueAddress.Uid)).ToHashSet();

    private void End(Cluster cluster, string reason)
    {
        restart.Wish(reason);
        cluster.Down(cluster.SelfAddress);
    }

    private static Address Seed(Cluster cluster, string text)
    {
        var (host, port) = ClusterSettings.Address(text) ?? throw new InvalidOperationException($"'{text}' is no seed node.");
        return cluster.SelfAddress.WithHost(host).WithPort(port);
    }

    /// <param name="Number">Of the cluster that is joined; null if it has none.</param>
    /// <param name="Limit">After which to look again; null for none.</param>
    private sealed record Attempt(long? Number, TimeSpan? Limit);

    /// <summary>Says which nodes are dead for certain, by watching them.</summary>
    private sealed class Witness(ClusterSettings settings, TimeProvider time)
    {
        /// <summary>A node that has missed as many heartbeats, and whose port refuses, has ended.</summary>
        private const int SilentBeats = 3;

        private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

        private readonly Dictionary<(string, long), (long Beats, long Since)> _seen = [];

        /// <returns>Those that are dead, with the count of beats of which that is true.</returns>
        public async Task<HashSet<(string Address, long Incarnation, long Beats)>> DeadAsync(IReadOnlyList<NodeRow> nodes, CancellationToken cancel)
        {
            HashSet<(string, long, long)> dead = [];
            foreach (var node in nodes)
            {
                var key = (node.Address, node.Incarnation);
                if (!_seen.TryGetValue(key, out var before) || before.Beats != node.Beats)
                    _seen[key] = before = (node.Beats, time.GetTimestamp());

                // The database may have been away, and then nobody could say that it lives: only what was watched counts.
                if (time.GetElapsedTime(before.Since) >= settings.DeadAfter || (node.Age > SilentBeats * settings.Heartbeat && await RefusesAsync(node, cancel).ConfigureAwait(false)))
                    dead.Add((node.Address, node.Incarnation, node.Beats));
            }

            return dead;
        }

        /// <summary>A process that stands still is still connected to by its kernel, and a machine that cannot be reached does not answer: only one that has ended refuses.</summary>
        private static async Task<bool> RefusesAsync(NodeRow node, CancellationToken cancel)
        {
            var address = Address.Parse(node.Address);
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(ConnectTimeout);
            try
            {
                await socket.ConnectAsync(address.Host, address.Port ?? 0, limit.Token).ConfigureAwait(false);
                return false;
            }
            catch (SocketException fault)
            {
                return fault.SocketErrorCode == SocketError.ConnectionRefused;
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    [LoggerMessage(2201, LogLevel.Information, "No node of the cluster is alive: this one begins cluster number {Number}")]
    private static partial void Founds(ILogger log, long number);

    [LoggerMessage(2202, LogLevel.Information, "Joining {Nodes}, cluster number {Number}")]
    private static partial void Joins(ILogger log, string nodes, long number);

    [LoggerMessage(2203, LogLevel.Information, "{Address} is up in its cluster")]
    private static partial void Joined(ILogger log, Address address);

    [LoggerMessage(2204, LogLevel.Warning, "The cluster was not joined within {Limit}; looking again whom to join")]
    private static partial void NotJoined(ILogger log, TimeSpan limit);

    [LoggerMessage(2205, LogLevel.Warning, "The database does not say which nodes there are; asked again")]
    private static partial void NoLook(ILogger log, Exception fault);

    [LoggerMessage(2206, LogLevel.Warning, "The database was not told that this node lives; tried again")]
    private static partial void NoBeat(ILogger log, Exception fault);

    [LoggerMessage(2207, LogLevel.Information, "Stopping: unready for {Time}, then the shards move")]
    private static partial void Leaving(ILogger log, TimeSpan time);

    [LoggerMessage(2208, LogLevel.Warning, "The row of this node stays in the database")]
    private static partial void RowLeft(ILogger log, Exception fault);

    [LoggerMessage(2209, LogLevel.Information, "{Address} is none of the cluster any more: its row is taken out")]
    private static partial void TakenOut(ILogger log, string address);
}
