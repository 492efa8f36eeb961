using System.ComponentModel.DataAnnotations;

namespace ControlPlane.Http;

/// <summary>Settings of the HTTP API, section <c>HttpApi</c>.</summary>
public sealed class HttpApiOptions
{
    public const string Section = "HttpApi";

    /// <summary>How long a request waits for an entity to answer; then it is refused with 503.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan AskTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Items of a page when the request names no limit.</summary>
    [Range(1, 1_000)]
    public int DefaultLimit { get; set; } = 100;

    /// <summary>The most items that a page may have.</summary>
    [Range(1, 10_000)]
    public int MaxLimit { get; set; } = 1_000;

    /// <summary>How often a stream of events shows that it is alive when nothing happens.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A node whose read model is further behind the journal than this is unready.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan MaxReadModelLag { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the metrics by queue, pool and budget are read.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan MetricsInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Queues, pools and budgets with metrics of their own; those behind them in the alphabet have none.</summary>
    [Range(1, 10_000)]
    public int MaxMetricSeries { get; set; } = 500;
}
