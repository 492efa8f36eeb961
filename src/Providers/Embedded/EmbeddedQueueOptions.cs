namespace ControlPlane.Providers.Embedded;

/// <summary>Settings of the embedded queue.</summary>
public sealed class EmbeddedQueueOptions
{
    /// <summary>The most log that is kept of one attempt of a task, in bytes of UTF-8: 1 kB to 1 GB. What comes later is dropped, and a line in the log says so.</summary>
    public long LogLimitBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>How long a worker's registration lasts after its last report, unless it asked for another time: 1 s to 24 h. ClearML's default.</summary>
    public TimeSpan WorkerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// A worker that reports itself idle has lost a task that the queue believes to be running on it, if nothing was heard of the task for this long.
    /// 10 s to 1 h: longer than any request takes, because a report may have been written just before the task was claimed.
    /// </summary>
    public TimeSpan IdleReportGrace { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How often tasks of workers that fell silent are looked for: 1 s to 1 h.</summary>
    public TimeSpan SweepPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an idempotency key is remembered: 1 min to 30 d.</summary>
    public TimeSpan IdempotencyKeyLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long the mark of a drained or ended instance is remembered, so that its workers get nothing: 1 h to 365 d.</summary>
    public TimeSpan DrainMarkLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often a followed log is looked at for more: 10 ms to 1 min.</summary>
    public TimeSpan LogFollowPeriod { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Every setting out of range, as a sentence; empty if all is well.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (LogLimitBytes is < 1024 or > 1024L * 1024 * 1024) faults.Add($"{nameof(LogLimitBytes)} must be 1 kB to 1 GB, it is {LogLimitBytes} bytes.");
        Check(nameof(WorkerTimeout), WorkerTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
        Check(nameof(IdleReportGrace), IdleReportGrace, TimeSpan.FromSeconds(10), TimeSpan.FromHours(1));
        Check(nameof(SweepPeriod), SweepPeriod, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Check(nameof(IdempotencyKeyLifetime), IdempotencyKeyLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30));
        Check(nameof(DrainMarkLifetime), DrainMarkLifetime, TimeSpan.FromHours(1), TimeSpan.FromDays(365));
        Check(nameof(LogFollowPeriod), LogFollowPeriod, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        return faults;

        void Check(string name, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most) faults.Add($"{name} must be {least} to {most}, it is {value}.");
        }
    }
}
