using System.Text.Json.Serialization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Domain.Catalog;

/// <summary>A connection to a system that holds queues, as declared.</summary>
/// <param name="Name">Unique among sources.</param>
/// <param name="Kind"><c>embedded</c> or <c>clearml</c>.</param>
/// <param name="Pace">How often it is observed while something moves: 100 ms to 1 h.</param>
public sealed record SourceSpec(string Name, string Kind, TimeSpan Pace)
{
    /// <summary>How often it is observed while nothing has moved for a minute: <see cref="Pace"/> to 1 h. Null: as <see cref="Pace"/>.</summary>
    public TimeSpan? RestPace { get; init; }

    /// <summary>How its server is reached; for the kind <c>clearml</c> only, which must have it.</summary>
    public ClearMlSpec? ClearMl { get; init; }
}

/// <summary>How a ClearML server is reached. Secrets stand in it by reference only.</summary>
/// <param name="Url">The API server's address, http or https, such as <c>https://api.clear.ml</c> or <c>http://host:8008</c>.</param>
/// <param name="AccessKey">The access key of its credentials.</param>
/// <param name="SecretKey">The secret key of its credentials.</param>
public sealed record ClearMlSpec(string Url, SecretReference AccessKey, SecretReference SecretKey)
{
    /// <summary>The version that is spoken when the server does not say which it speaks.</summary>
    public const string AutoVersion = "auto";

    /// <summary>A version such as <c>2.23</c>, or <see cref="AutoVersion"/>: the newest that the server and we both know.</summary>
    public string ApiVersion { get; init; } = AutoVersion;

    /// <summary>A file of PEM certificates that the server's is checked against, instead of the system's; null for those.</summary>
    public string? CaFile { get; init; }

    /// <summary>A file with our certificate and its key as PEM, for servers that ask for one; null if none does.</summary>
    public string? ClientCertificateFile { get; init; }

    /// <summary>The server's certificate is not checked: whoever sits on the way can read the credentials.</summary>
    public bool Insecure { get; init; }

    /// <summary>Queues that are declared but not there are created.</summary>
    public bool CreateMissingQueues { get; init; }

    /// <summary>How long one request may take: 100 ms to 2 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Rows asked for at a time: 1 to 10,000. A server may give fewer; stock servers give 500.</summary>
    public int PageSize { get; init; } = 500;
}

/// <summary>A connection to a compute platform, as declared.</summary>
/// <param name="Name">Unique among providers.</param>
/// <param name="Kind"><c>local</c> or <c>aws</c> (later: <c>gcp</c>, <c>kubernetes</c>).</param>
/// <param name="SweepEvery">How often all machines are listed: 200 ms to 1 h.</param>
/// <param name="ConsistencyWindow">How long a machine may be missing from complete lists although it exists: 0 to 1 h.</param>
/// <param name="OrphanGrace">How long a tagged machine that nobody knows is left alone before it is terminated: 0 to 24 h.</param>
/// <param name="LaunchesPerSecond">Refill of the bucket of launch calls: 0.01 to 10,000.</param>
/// <param name="LaunchBurst">Size of that bucket: 1 to 100,000.</param>
public sealed record ProviderSpec(
    string Name, string Kind, TimeSpan SweepEvery, TimeSpan ConsistencyWindow, TimeSpan OrphanGrace, double LaunchesPerSecond, int LaunchBurst)
{
    /// <summary>Its other limits; null: <see cref="CallLimits.None"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CallLimits? Limits { get; init; }

    /// <summary>The account and region; for the kind <c>aws</c> only, which must have it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AwsSpec? Aws { get; init; }
}

/// <summary>A queue as it stands in the document: its pools by name.</summary>
public sealed record QueueEntry
{
    public required QueueName Name { get; init; }

    public required string Source { get; init; }

    public required BudgetName Budget { get; init; }

    public int Priority { get; init; }

    public PolicySpec Policy { get; init; } = new PolicySpec.PerTask();

    public int MinInstances { get; init; }

    public TimeSpan MaxIdleTime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Idle times are learnt; see <see cref="QueueSpec.AdaptiveIdle"/>. A document that says nothing of idle times means this.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AdaptiveIdle { get; init; }

    /// <summary>See <see cref="QueueSpec.FinishWithin"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? FinishWithin { get; init; }

    public bool Paused { get; init; }

    /// <summary>Which tasks of a lost machine go back to the queue; null: all, as often as the source lets them.</summary>
    public RequeueRules? Requeue { get; init; }

    /// <summary>Names of pools in the order in which they are tried. 1 to 100; a pool belongs to one queue.</summary>
    public required IReadOnlyList<string> Pools { get; init; }

    public bool Equals(QueueEntry? other) => other is not null
        && Name == other.Name && Source == other.Source && Budget == other.Budget && Priority == other.Priority && Policy == other.Policy
        && MinInstances == other.MinInstances && MaxIdleTime == other.MaxIdleTime && AdaptiveIdle == other.AdaptiveIdle && FinishWithin == other.FinishWithin && Paused == other.Paused
        && Requeue == other.Requeue && Pools.SequenceEqual(other.Pools);

    public override int GetHashCode() => HashCode.Combine(Name, Source, Budget, Priority, Policy, MinInstances);
}

/// <summary>
/// All that is declared. Order within the lists is the document's. Two configurations are equal if they declare the same in the same order;
/// pools compare by their digests, so stamp them first (<see cref="PoolDigest.Stamp(Configuration)"/>).
/// </summary>
public sealed record Configuration
{
    public IReadOnlyList<SourceSpec> Sources { get; init; } = [];

    public IReadOnlyList<ProviderSpec> Providers { get; init; } = [];

    public IReadOnlyList<BudgetSpec> Budgets { get; init; } = [];

    public IReadOnlyList<PoolSpec> Pools { get; init; } = [];

    public IReadOnlyList<QueueEntry> Queues { get; init; } = [];

    public static Configuration Empty { get; } = new();

    public bool Equals(Configuration? other) => other is not null
        && Sources.SequenceEqual(other.Sources) && Providers.SequenceEqual(other.Providers) && Budgets.SequenceEqual(other.Budgets)
        && Pools.SequenceEqual(other.Pools) && Queues.SequenceEqual(other.Queues);

    public override int GetHashCode() => HashCode.Combine(Sources.Count, Providers.Count, Budgets.Count, Pools.Count, Queues.Count);
}

/// <summary>What is wrong with a document, where, and what to do about it.</summary>
/// <param name="Path">Into the document, e.g. <c>queues[1].pools[0]</c>.</param>
/// <param name="Message">What is wrong, with the value.</param>
/// <param name="Fix">What to write instead.</param>
public sealed record ConfigurationFault(string Path, string Message, string Fix)
{
    public override string ToString() => $"{Path}: {Message} {Fix}";
}
