using System.ComponentModel.DataAnnotations;

namespace ControlPlane.Actors.ReadModel;

/// <summary>Settings of the projection that fills the read model, section <c>Projection</c>.</summary>
public sealed class ProjectionOptions
{
    public const string Section = "Projection";

    /// <summary>Under which the offset is kept. Another name starts from the beginning of the journal.</summary>
    [Required]
    public string Name { get; init; } = "read-model";

    /// <summary>Events in one transaction. It holds up the journal of SQLite while it runs.</summary>
    [Range(1, 100_000)]
    public int BatchSize { get; init; } = 500;

    /// <summary>How often the journal is looked at when nobody tells of a write.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The pause after a batch that failed. Doubles with each failure in a row.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause after a failure.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan RetryAtMostAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// PostgreSQL: how long a hole in the numbering is waited for. A number is taken before its transaction commits, so a later one may be seen first.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan HoleGrace { get; init; } = TimeSpan.FromSeconds(15);
}
