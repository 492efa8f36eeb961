using System.ComponentModel.DataAnnotations;

namespace ControlPlane.Actors.Shell;

/// <summary>Settings of the persistent shell of every entity, section <c>Shell</c>.</summary>
public sealed class ShellOptions
{
    public const string Section = "Shell";

    /// <summary>Decisions of one entity that may wait for the journal; further commands are decided when these are released.</summary>
    [Range(1, 100_000)]
    public int MaxInFlight { get; init; } = 1000;

    /// <summary>Commands of one entity that may wait to be decided; a further one is refused with <see cref="ShellRefusal"/>.</summary>
    [Range(0, 1_000_000)]
    public int MaxWaiting { get; init; } = 100_000;

    /// <summary>Events of one entity in one write. A single decision is never split, so one that has more is written alone.</summary>
    [Range(1, 10_000)]
    public int MaxEventsPerWrite { get; init; } = 200;

    /// <summary>A snapshot is saved when this many events were persisted since the last one. 0: only on a graceful stop.</summary>
    [Range(0, 1_000_000)]
    public int SnapshotEvery { get; init; } = 500;

    /// <summary>
    /// A graceful stop saves a snapshot if at least this many events were persisted since the last one. Reading fewer again is quicker than that, and the entities of a
    /// node that leaves stop all at once.
    /// </summary>
    [Range(1, 1_000_000)]
    public int SnapshotOnStop { get; init; } = 50;

    /// <summary>The shortest time between two snapshots of one entity, so that a busy one does not spend its time on them.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After how long an effect that the state still owes is carried out again, the first time. Doubles each time.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan RepeatAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between two repetitions of one effect.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan RepeatAtMostAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Share of a delay that is random, so that ten thousand entities do not repeat in step.</summary>
    [Range(0.0, 1.0)]
    public double Jitter { get; init; } = 0.2;

    /// <summary>The pause before the tick is sent again when a tick left the deadline in the past.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan OverdueTickAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a gracefully stopping entity waits for its last writes and its snapshot.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first pause before an entity that failed is started again. Doubles with each failure.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan RestartAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause before an entity that failed is started again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan RestartAtMostAfter { get; init; } = TimeSpan.FromSeconds(30);
}
