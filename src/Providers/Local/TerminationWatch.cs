using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Local;

/// <summary>
/// Follows instances that were asked to end until they have ended, so that no caller waits for their grace. What it had in hand when its node dies is
/// finished by the next sweep of any node.
/// </summary>
internal sealed partial class TerminationWatch : IDisposable
{
    // Short against any grace, so that the moment of the end, which is billed, is nearly exact.
    private static readonly TimeSpan _pace = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<string, InstanceFolder> _ending = new();
    private readonly InstanceSettler _settler;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly Lock _tick = new();

    public TerminationWatch(InstanceSettler settler, TimeProvider time, ILogger logger)
    {
        _settler = settler;
        _logger = logger;
        _timer = time.CreateTimer(_ => Tick(), null, _pace, _pace);
    }

    public void Add(InstanceFolder folder) => _ending[folder.Instance] = folder;

    /// <summary>Returns when no tick is at work any more.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_tick)
            _ending.Clear();
    }

    private void Tick()
    {
        // A tick that finds the one before it at work leaves it to that one.
        if (_ending.IsEmpty || !_tick.TryEnter())
            return;
        try
        {
            var families = InstanceSettler.Families();
            foreach (var folder in _ending.Values)
                Follow(folder, families);
        }
        catch (Exception e)
        {
            // The outermost edge of a timer: the next tick and every sweep try again.
            LogFailure(_logger, e);
        }
        finally
        {
            _tick.Exit();
        }
    }

    private void Follow(InstanceFolder folder, ILookup<string, ProcessEntry> families)
    {
        try
        {
            if (!folder.Exists || _settler.Settle(folder, folder.ReadIntent(), families).EndedAt is not null)
                _ending.TryRemove(folder.Instance, out _);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // The sweep goes on with it, and tells the control plane what is wrong.
            _ending.TryRemove(folder.Instance, out _);
            LogFailure(_logger, e);
        }
    }

    [LoggerMessage(4101, LogLevel.Warning, "Could not follow the end of local instances; trying again")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}
