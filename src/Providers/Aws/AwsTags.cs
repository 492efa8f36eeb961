using System.Globalization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using Ec2Instance = Amazon.EC2.Model.Instance;
using Ec2Tag = Amazon.EC2.Model.Tag;

namespace ControlPlane.Providers.Aws;

/// <summary>
/// The tags by which machines are found again. EC2 gives all machines of one launch the same tags, so they hold the ids of all its intents, in order; which of them
/// a machine is, its place in the launch tells (AmiLaunchIndex). So every machine that a sweep shows can be routed, whoever launched it and whatever was lost since.
/// </summary>
internal static class AwsTags
{
    public const string Cluster = "controlplane:cluster";
    public const string Provider = "controlplane:provider";
    public const string Queue = "controlplane:queue";
    public const string Pool = "controlplane:pool";
    public const string Instance = "controlplane:instance";

    /// <summary>Micro-dollars an hour that are paid beside the machine's own price; left out if none are.</summary>
    public const string Extra = "controlplane:extra";

    private const string Name = "Name";
    private const int MostTags = 50;
    private const int MostLength = 256;

    /// <summary>All tags of a launch; null if the ids of its intents do not fit.</summary>
    public static List<Ec2Tag>? Of(LaunchBatch batch, PoolTemplate.Aws template, string cluster, string provider)
    {
        var tags = Own(batch, template, cluster, provider);
        foreach (var (key, value) in template.Tags.Where(t => t.Key != Name))
            tags.Add(new Ec2Tag(key, value));
        return Ids(batch, tags) ? tags : null;
    }

    /// <summary>Those that resources get which do not get the pool's own.</summary>
    public static List<Ec2Tag>? OwnOf(LaunchBatch batch, PoolTemplate.Aws template, string cluster, string provider)
    {
        var tags = Own(batch, template with { Tags = new Dictionary<string, string>() }, cluster, provider);
        return Ids(batch, tags) ? tags : null;
    }

    /// <summary>Whose machine it is. One whose tags were tampered with bears its own id, so that it is nobody's and is removed; null if not even its queue is known.</summary>
    public static (InstanceId Instance, QueueName Queue)? Read(Ec2Instance machine)
    {
        var tags = TagsOf(machine);
        if (!tags.TryGetValue(Queue, out var queue) || queue.Length == 0)
            return null;
        return (IdOf(machine, tags) ?? new InstanceId(machine.InstanceId), new QueueName(queue));
    }

    /// <summary>What is paid an hour beside the machine's own price.</summary>
    public static HourlyRate ExtraOf(Ec2Instance machine) =>
        TagsOf(machine).TryGetValue(Extra, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var micros) ? new HourlyRate(micros) : HourlyRate.Free;

    private static InstanceId? IdOf(Ec2Instance machine, Dictionary<string, string> tags)
    {
        var index = machine.AmiLaunchIndex ?? 0;
        for (var part = 0; tags.TryGetValue(KeyOf(part), out var text); part++)
        {
            var ids = text.Split(',');
            if (index < ids.Length)
                return ids[index].Length > 0 ? new InstanceId(ids[index]) : null;
            index -= ids.Length;
        }

        return null;
    }

    private static Dictionary<string, string> TagsOf(Ec2Instance machine)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in machine.Tags ?? [])
            tags[tag.Key] = tag.Value ?? "";
        return tags;
    }

    private static List<Ec2Tag> Own(LaunchBatch batch, PoolTemplate.Aws template, string cluster, string provider)
    {
        List<Ec2Tag> tags =
        [
            new(Name, template.Tags.GetValueOrDefault(Name) ?? $"{cluster} {batch.Pool.Name}"),
            new(Cluster, cluster),
            new(Provider, provider),
            new(Queue, batch.Intents[0].Queue.Value),
            new(Pool, batch.Pool.Name),
        ];
        if (AwsOffers.Extra(template) is { MicrosPerHour: > 0 } extra)
            tags.Add(new Ec2Tag(Extra, extra.MicrosPerHour.ToString(CultureInfo.InvariantCulture)));
        return tags;
    }

    private static bool Ids(LaunchBatch batch, List<Ec2Tag> tags)
    {
        var part = 0;
        var text = "";
        foreach (var id in batch.Intents.Select(i => i.Instance.Value))
        {
            if (id.Contains(',', StringComparison.Ordinal) || id.Length > MostLength)
                return false;
            if (text.Length > 0 && text.Length + 1 + id.Length > MostLength)
            {
                tags.Add(new Ec2Tag(KeyOf(part++), text));
                text = "";
            }

            text = text.Length == 0 ? id : $"{text},{id}";
        }

        tags.Add(new Ec2Tag(KeyOf(part), text));
        return tags.Count <= MostTags;
    }

    private static string KeyOf(int part) => part == 0 ? Instance : string.Create(CultureInfo.InvariantCulture, $"{Instance}.{part}");
}
