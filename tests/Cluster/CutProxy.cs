using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ControlPlane.ClusterTests;

/// <summary>
/// A loopback proxy in front of one node's port. It can be cut for some callers: then nothing passes, and nothing is closed, as in a network that was parted. Callers are
/// told apart by the process that holds the other end.
/// </summary>
internal sealed class CutProxy : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly int _target;
    private volatile Func<int, bool> _isCut = _ => false;

    /// <param name="target">The node's own port.</param>
    public CutProxy(int target)
    {
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync(_end.Token);
    }

    public int Port { get; }

    /// <summary>The processes that may call, by their ids; a caller that is none of them is 0.</summary>
    public Func<IReadOnlyList<int>> Callers { get; set; } = () => [];

    /// <summary>From now on nothing passes between the node and these processes, over connections old and new.</summary>
    public void Cut(Func<int, bool> isCut) => _isCut = isCut;

    public void Heal() => _isCut = _ => false;

    public void Dispose()
    {
        _end.Cancel();
        _listener.Stop();
        foreach (var socket in _sockets.Keys)
            socket.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptSocketAsync(cancel), cancel);
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket caller, CancellationToken cancel)
    {
        await Task.Yield();
        var target = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        caller.NoDelay = true;
        _sockets[caller] = _sockets[target] = true;
        try
        {
            var process = CallerOf(((IPEndPoint)caller.RemoteEndPoint!).Port);
            await target.ConnectAsync(IPAddress.Loopback, _target, cancel);
            await Task.WhenAny(PumpAsync(caller, target, process, cancel), PumpAsync(target, caller, process, cancel));
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The node is down, or one of the two has closed.
        }
        finally
        {
            foreach (var socket in new[] { caller, target })
            {
                _sockets.TryRemove(socket, out _);
                socket.Dispose();
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, int process, CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var read = await from.ReceiveAsync(buffer.AsMemory(), cancel);
            while (_isCut(process))
                await Task.Delay(Look, cancel);
            if (read == 0)
                return;
            for (var sent = 0; sent < read;)
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), cancel);
        }
    }

    /// <summary>The process whose socket has this local port and is connected to this proxy.</summary>
    private int CallerOf(int port)
    {
        var inode = File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6")).Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length > 9 && PortOf(w[1]) == port && PortOf(w[2]) == Port)
            .Select(w => w[9]).FirstOrDefault();
        return inode is null ? 0 : Callers().FirstOrDefault(p => Holds(p, $"socket:[{inode}]"));

        static int PortOf(string address) => int.TryParse(address[(address.LastIndexOf(':') + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var found) ? found : 0;
    }

    private static bool Holds(int process, string link)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process}/fd").Any(f => new FileInfo(f).LinkTarget == link);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
