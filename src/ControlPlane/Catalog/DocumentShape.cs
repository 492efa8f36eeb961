using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace ControlPlane.Catalog;

/// <summary>
/// The keys of the document, in the order in which they are written. Binding, writing and the schema are made from these types; the ranges here are
/// for editors, and those of <see cref="Domain.Catalog.ConfigurationRules"/> decide.
/// </summary>
[Description("The configuration of ControlPlane: what it scales, with what, and on whose money.")]
internal sealed class DocumentShape
{
    [Required]
    [Range(1, 1)]
    [Description("The version of the document's form: 1.")]
    public int? Version { get; set; }

    [Description("Connections to systems that hold queues.")]
    public List<SourceShape>? Sources { get; set; }

    [Description("Connections to compute platforms.")]
    public List<ProviderShape>? Providers { get; set; }

    [Description("Limits on spending, as trees.")]
    public List<BudgetShape>? Budgets { get; set; }

    [Description("Templates for identical instances. A pool belongs to one queue.")]
    public List<PoolShape>? Pools { get; set; }

    [Description("Queues to scale.")]
    public List<QueueShape>? Queues { get; set; }
}

[Description("A connection to a system that holds queues.")]
internal sealed class SourceShape
{
    [Required]
    [NameText]
    [Description("Unique among sources.")]
    public string? Name { get; set; }

    [Required]
    [Words("embedded", "clearml")]
    [Description("What system it is. embedded: the queues that ControlPlane keeps itself. clearml: a ClearML server.")]
    public string? Kind { get; set; }

    [DurationText]
    [LeftOut("1s")]
    [Description("How often it is observed while something moves: 100ms to 1h. Left out for kind clearml: 5s.")]
    public string? Pace { get; set; }

    [DurationText]
    [Description("How often it is observed while nothing has moved for a minute: pace to 1h. Left out: as pace; for kind clearml 15s, or pace if that is longer.")]
    public string? RestPace { get; set; }

    [Description("How the ClearML server is reached. Only for kind clearml, which must have it.")]
    public ClearMlShape? Clearml { get; set; }
}

[Description("A ClearML server.")]
internal sealed class ClearMlShape
{
    [Required]
    [Description("The API server's address: https://api.clear.ml, http://host:8008.")]
    public string? Url { get; set; }

    [Required]
    [Description("Where the access key of its credentials stands: env:NAME or file:PATH.")]
    public string? AccessKey { get; set; }

    [Required]
    [Description("Where the secret key of its credentials stands: env:NAME or file:PATH.")]
    public string? SecretKey { get; set; }

    [LeftOut("auto")]
    [Description("The version of the API to speak, from 2.13, in quotes. auto: the newest that the server and ControlPlane both know.")]
    public string? ApiVersion { get; set; }

    [Description("A file of PEM certificates that the server's certificate is checked against, instead of the system's.")]
    public string? CaFile { get; set; }

    [Description("A file with a certificate and its key as PEM, for a server that asks for one.")]
    public string? ClientCertificateFile { get; set; }

    [LeftOut("false")]
    [Description("Do not check the server's certificate. Whoever sits on the way can then read the credentials; each node says so in its log.")]
    public bool? Insecure { get; set; }

    [LeftOut("false")]
    [Description("Create queues that are declared here and not there.")]
    public bool? CreateMissingQueues { get; set; }

    [DurationText]
    [LeftOut("10s")]
    [Description("How long one request may take: 100ms to 2m.")]
    public string? Timeout { get; set; }

    [Range(1, 10_000)]
    [LeftOut("500")]
    [Description("Rows asked for at a time: 1 to 10,000. Stock servers give 500 at most.")]
    public int? PageSize { get; set; }
}

[Description("A connection to a compute platform.")]
internal sealed class ProviderShape
{
    [Required]
    [NameText]
    [Description("Unique among providers.")]
    public string? Name { get; set; }

    [Required]
    [Words("local", "aws")]
    [Description("What platform it is. local: processes on the machine that ControlPlane runs on. aws: machines of EC2.")]
    public string? Kind { get; set; }

    [DurationText]
    [LeftOut("1s")]
    [Description("How often all machines are listed: 200ms to 1h. Left out for kind aws: 5s.")]
    public string? SweepEvery { get; set; }

    [DurationText]
    [LeftOut("5s")]
    [Description("How long a machine may be missing from complete lists although it exists: 0 to 1h. Left out for kind aws: 2m.")]
    public string? ConsistencyWindow { get; set; }

    [DurationText]
    [LeftOut("30s")]
    [Description("How long a tagged machine that nobody knows is left alone before it is terminated: 0 to 24h. Left out for kind aws: 1m.")]
    public string? OrphanGrace { get; set; }

    [Range(0.01, 10_000)]
    [LeftOut("20")]
    [Description("Launch calls a second in the long run: 0.01 to 10,000. Left out for kind aws: 2.")]
    public double? LaunchesPerSecond { get; set; }

    [Range(1, 100_000)]
    [LeftOut("50")]
    [Description("Launch calls at once after a pause: 1 to 100,000. Left out for kind aws: 5.")]
    public int? LaunchBurst { get; set; }

    [Range(0.01, 100_000)]
    [Description("Instances launched a second in the long run: 0.01 to 100,000. Left out: no limit; on aws 2.")]
    public double? InstancesPerSecond { get; set; }

    [Range(1, 1_000_000)]
    [Description("Instances launched at once after a pause: 1 to 1,000,000. Left out: no limit; on aws 1,000.")]
    public int? InstanceBurst { get; set; }

    [Range(0.01, 10_000)]
    [Description("Calls to terminate a second in the long run: 0.01 to 10,000. Each ends up to 100 instances. Left out: no limit; on aws 5.")]
    public double? TerminationsPerSecond { get; set; }

    [Range(1, 100_000)]
    [Description("Calls to terminate at once after a pause: 1 to 100,000. Left out: no limit; on aws 100.")]
    public int? TerminationBurst { get; set; }

    [Range(1, 1_000)]
    [LeftOut("100")]
    [Description("The most instances that one call launches: 1 to 1,000. Left out for kind aws, which takes no more: 250.")]
    public int? LaunchBatch { get; set; }

    [Description("The account and region. Only for kind aws, which must have it.")]
    public AwsProviderShape? Aws { get; set; }
}

[Description("A limit on spending, alone or in a tree. No instance runs on money that its budget has not set aside.")]
internal sealed class BudgetShape
{
    [Required]
    [NameText]
    [Description("Unique among budgets.")]
    public string? Name { get; set; }

    [NameText]
    [Description("The budget that contains it. Left out: it is the root of a tree.")]
    public string? Parent { get; set; }

    [MoneyText]
    [Description("The most that may be spent and held in one window, in US dollars, at least 0 and enough for one lease of each pool that it pays. Left out: no limit of its own.")]
    public string? Limit { get; set; }

    [Words("hour", "day", "week", "month", "total")]
    [LeftOut("total")]
    [Description("Over what time the limit is counted. Weeks begin on Monday; total never begins anew.")]
    public string? Window { get; set; }

    [LeftOut("UTC")]
    [Description("IANA time zone in which windows begin, such as Europe/Berlin.")]
    public string? TimeZone { get; set; }

    [Range(0, 1_000_000)]
    [Description("The most instances at a time: 0 to 1,000,000. Left out: no limit.")]
    public int? MaxInstances { get; set; }

    [Range(0, 1_000_000)]
    [Description("The most GPUs at a time: 0 to 1,000,000. Left out: no limit.")]
    public int? MaxGpus { get; set; }

    [Description("Percentages of the limit at which an alert is recorded, once a window: 1 to 100, ascending. Left out: none.")]
    public List<int>? AlertAt { get; set; }

    [Words("stopLaunching", "drain", "terminate")]
    [LeftOut("drain")]
    [Description("What happens to instances whose time cannot be paid for further. stopLaunching: they take tasks while their time is prepaid. drain: they take no new task. terminate: they end at once. In each case they are gone when their prepaid time ends.")]
    public string? WhenDry { get; set; }
}

[Description("A template for identical instances, with a maximum count.")]
internal sealed class PoolShape
{
    [Required]
    [NameText]
    [Description("Unique among pools.")]
    public string? Name { get; set; }

    [Required]
    [NameText]
    [Description("The provider that launches it.")]
    public string? Provider { get; set; }

    [Required]
    [Range(0, 10_000)]
    [Description("The most instances of this pool at any time: 0 to 10,000.")]
    public int? MaxInstances { get; set; }

    [Range(1, 256)]
    [LeftOut("1")]
    [Description("Workers on an instance, so tasks at once: 1 to 256.")]
    public int? Slots { get; set; }

    [DurationText]
    [LeftOut("30m")]
    [Description("A boot that takes longer is stuck, and the instance is ended: 1s to 24h.")]
    public string? MaxBootTime { get; set; }

    [DurationText]
    [LeftOut("10m")]
    [Description("How much time a lease prepays: 10s to 24h, and at least minimumBilling.")]
    public string? LeaseLength { get; set; }

    [DurationText]
    [LeftOut("0s")]
    [Description("The shortest time that the platform bills for an instance: 0 to 24h. Left out in a pool with aws: 1m.")]
    public string? MinimumBilling { get; set; }

    [DurationText]
    [Description("How long an instance tries for a spot offer before it takes one on demand: 0 to 24h. Left out: each offer is asked once, without waiting.")]
    public string? FallbackAfter { get; set; }

    [DurationText]
    [Description("For how long new instances leave spot out after one got no spot machine and fell back: 0 to 24h. Left out: each tries spot first.")]
    public string? SpotBlackout { get; set; }

    [MoneyText]
    [Description("US dollars an hour, 0 to 100,000: short for a single offer of type process. Either this or offers must be there, but in a pool with aws.")]
    public string? Price { get; set; }

    [Description("What an instance may be launched as, tried in this order. Either this or price must be there, but in a pool with aws, whose offers are made of its types and zones.")]
    public List<OfferShape>? Offers { get; set; }

    [Description("What the provider of kind local needs to know.")]
    public LocalShape? Local { get; set; }

    [Description("What the provider of kind aws needs to know.")]
    public AwsPoolShape? Aws { get; set; }

    [Description("How its machines become workers at their first boot. Left out: their image sees to that. A provider of kind local starts its workers itself and takes no notice of it.")]
    public BootstrapShape? Bootstrap { get; set; }
}

[Description("A machine type in a zone on a market, with its prices.")]
internal sealed class OfferShape
{
    [Required]
    [Description("The provider's name of the machine type, such as g5.xlarge; process for a local instance.")]
    public string? Type { get; set; }

    [LeftOut("")]
    [Description("The provider's zone. Left out: it has none, or chooses itself.")]
    public string? Zone { get; set; }

    [Words("onDemand", "spot")]
    [LeftOut("onDemand")]
    [Description("How capacity is bought.")]
    public string? Market { get; set; }

    [Required]
    [MoneyText]
    [Description("The price now expected, in US dollars an hour: 0 to 100,000.")]
    public string? Price { get; set; }

    [MoneyText]
    [Description("The most that an hour may cost, in US dollars: at least price. Leases are reserved at it. Left out: price. A spot offer must have it: the price on demand.")]
    public string? WorstPrice { get; set; }

    [Range(0, 64)]
    [LeftOut("0")]
    [Description("GPUs in one instance: 0 to 64.")]
    public int? Gpus { get; set; }
}

[Description("An instance that is a process on the machine that ControlPlane runs on.")]
internal sealed class LocalShape
{
    [DurationText]
    [LeftOut("0s")]
    [Description("How long the process waits before its worker registers, to stand for a machine's boot: 0 to 1h, less than maxBootTime.")]
    public string? BootDelay { get; set; }

    [DurationText]
    [LeftOut("2m")]
    [Description("The worker ends itself when it could not reach the server for this long and has no task: 1s to 24h.")]
    public string? OrphanTimeout { get; set; }

    [Description("Variables for the worker and its tasks, at most 256. Not for secrets: they are shown to whoever may read the configuration.")]
    public Dictionary<string, string>? Environment { get; set; }
}
