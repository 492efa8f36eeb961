using System.Diagnostics.Metrics;

namespace ControlPlane.Actors.Storage;

/// <summary>What is known of the journal.</summary>
/// <param name="Healthy">Whether the last thing it did, or was seen to do, succeeded.</param>
/// <param name="Reason">Why it is not healthy, for an operator.</param>
/// <param name="Failures">Failed writes and recoveries since the start, without refusals by the fence.</param>
/// <param name="Fenced">Writes refused because another incarnation of the entity wrote first.</param>
/// <param name="LastSuccess">When a write was last confirmed.</param>
/// <param name="LastFailure">When one last failed.</param>
public sealed record JournalStatus(bool Healthy, string? Reason, long Failures, long Fenced, DateTimeOffset? LastSuccess, DateTimeOffset? LastFailure)
{
    internal static JournalStatus Initial { get; } = new(true, null, 0, 0, null, null);
}

/// <summary>Whether the journal takes writes. Thread safe; one per node. A node whose journal fails is unready: it can promise nothing.</summary>
public sealed class JournalHealth
{
    private static readonly Meter Meter = new("ControlPlane");
    private static readonly Counter<long> FailureCount = Meter.CreateCounter<long>("controlplane.journal.failures", description: "Failed writes and recoveries");
    private static readonly Counter<long> FencedCount = Meter.CreateCounter<long>("controlplane.journal.fenced", description: "Writes refused because another incarnation wrote first");

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private JournalStatus _status = JournalStatus.Initial;

    public JournalHealth(TimeProvider time) => _time = time;

    public JournalStatus Status => Volatile.Read(ref _status);

    /// <summary>Told when the journal becomes healthy or unhealthy, on the thread that found out.</summary>
    public event Action<JournalStatus>? Changed;

    public void Succeeded()
    {
        var now = _time.GetUtcNow();
        Update(s => s with { Healthy = true, Reason = null, LastSuccess = now });
    }

    /// <summary>A refusal by the unique key is the fence at work, not a fault of the journal.</summary>
    public void Failed(Exception cause)
    {
        if (StorageFaults.IsFence(cause))
        {
            FencedCount.Add(1);
            Update(s => s with { Fenced = s.Fenced + 1 });
        }
        else
        {
            FailureCount.Add(1);
            Failed(cause.GetBaseException().Message);
        }
    }

    internal void Failed(string reason)
    {
        var now = _time.GetUtcNow();
        Update(s => s with { Healthy = false, Reason = reason, Failures = s.Failures + 1, LastFailure = now });
    }

    private void Update(Func<JournalStatus, JournalStatus> change)
    {
        JournalStatus before, after;
        lock (_lock)
        {
            before = _status;
            after = change(before);
            Volatile.Write(ref _status, after);
        }

        if (before.Healthy != after.Healthy)
            Changed?.Invoke(after);
    }
}
