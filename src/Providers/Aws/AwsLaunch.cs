using System.Globalization;
using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Providers.Aws;

/// <summary>A batch as one call of RunInstances.</summary>
internal static class AwsLaunch
{
    private static readonly string[] Taggable = ["instance", "volume", "spot-instances-request"];

    /// <summary>The request, with the batch's token; the same for the same batch, image and user data.</summary>
    /// <param name="batch">The batch; its pool is one of AWS.</param>
    /// <param name="template">The pool's template.</param>
    /// <param name="image">The image's id, or a <c>resolve:ssm:</c> reference, which EC2 resolves.</param>
    /// <param name="userData">Not yet encoded; null for none.</param>
    /// <param name="cluster">Tagged, so that clusters in one account leave each other's machines alone.</param>
    /// <param name="provider">Tagged, so that two providers of one region do.</param>
    /// <exception cref="AwsLaunchSpecException">The launch specification cannot be laid over it, or the tags do not fit.</exception>
    public static RunInstancesRequest Request(LaunchBatch batch, PoolTemplate.Aws template, string image, string? userData, string cluster, string provider)
    {
        var request = new RunInstancesRequest
        {
            ImageId = image,
            InstanceType = batch.Offer.Type,
            KeyName = template.KeyPair,
            IamInstanceProfile = Profile(template.InstanceProfile),
            BlockDeviceMappings = template.Disks.Count == 0 ? null : [.. template.Disks.Select(Disk)],
            MetadataOptions = new InstanceMetadataOptionsRequest { HttpTokens = HttpTokensState.Required, HttpEndpoint = InstanceMetadataEndpointState.Enabled, HttpPutResponseHopLimit = 2 },
            UserData = userData is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(userData)),
        };
        Place(request, batch.Offer.Zone, template);
        if (template.LaunchSpec is { } json)
            AwsLaunchSpec.Merge(request, json);

        // What is ours comes last: no launch specification may undo it.
        request.ClientToken = batch.Token;
        request.MinCount = 1;
        request.MaxCount = batch.Intents.Count;
        request.InstanceInitiatedShutdownBehavior = ShutdownBehavior.Terminate;
        request.InstanceMarketOptions = batch.Offer.Market == Market.Spot ? Spot(batch.Offer, template) : null;
        request.TagSpecifications = Tags(batch, template, cluster, provider);
        return request;
    }

    private static void Place(RunInstancesRequest request, string zone, PoolTemplate.Aws template)
    {
        var subnet = template.Subnet ?? template.Subnets.GetValueOrDefault(zone);
        List<string> ids = [.. template.SecurityGroups.Where(g => g.StartsWith("sg-", StringComparison.Ordinal))];
        List<string> names = [.. template.SecurityGroups.Where(g => !g.StartsWith("sg-", StringComparison.Ordinal))];
        request.SubnetId = subnet;
        request.Placement = subnet is null && zone.Length > 0 ? new Placement { AvailabilityZone = zone } : null;
        request.SecurityGroupIds = ids.Count > 0 ? ids : null;
        request.SecurityGroups = names.Count > 0 ? names : null;
    }

    private static IamInstanceProfileSpecification? Profile(string? profile) => profile is null ? null
        : profile.StartsWith("arn:", StringComparison.Ordinal) ? new IamInstanceProfileSpecification { Arn = profile }
        : new IamInstanceProfileSpecification { Name = profile };

    private static BlockDeviceMapping Disk(AwsDisk disk) => new()
    {
        DeviceName = disk.Device,
        Ebs = new EbsBlockDevice
        {
            VolumeSize = disk.Size,
            VolumeType = new VolumeType(disk.Type),
            Iops = disk.Iops,
            Throughput = disk.Throughput,
            SnapshotId = disk.Snapshot,
            Encrypted = disk.Encrypted ? true : null,
            DeleteOnTermination = true,
        },
    };

    /// <summary>With the price on demand as its limit: no more may be paid than the lease has set aside.</summary>
    private static InstanceMarketOptionsRequest Spot(Offer offer, PoolTemplate.Aws template)
    {
        var most = new HourlyRate(offer.WorstRate.MicrosPerHour - AwsOffers.Extra(template).MicrosPerHour);
        return new InstanceMarketOptionsRequest
        {
            MarketType = MarketType.Spot,
            SpotOptions = new SpotMarketOptions
            {
                SpotInstanceType = SpotInstanceType.OneTime,
                InstanceInterruptionBehavior = InstanceInterruptionBehavior.Terminate,
                MaxPrice = most > HourlyRate.Free ? most.DollarsPerHour.ToString("0.######", CultureInfo.InvariantCulture) : null,
            },
        };
    }

    private static List<TagSpecification> Tags(LaunchBatch batch, PoolTemplate.Aws template, string cluster, string provider)
    {
        var all = AwsTags.Of(batch, template, cluster, provider);
        var own = AwsTags.OwnOf(batch, template, cluster, provider);
        if (all is null || own is null)
            throw new AwsLaunchSpecException($"The ids of {batch.Intents.Count} instances do not fit into the tags of a machine.", "Lower the provider's launchBatch.");
        return
        [
            .. Taggable.Where(r => r != "spot-instances-request" || batch.Offer.Market == Market.Spot).Select(resource => new TagSpecification
            {
                ResourceType = new ResourceType(resource),
                Tags = template.TagOn.Count == 0 || template.TagOn.Contains(resource) ? all : own,
            }),
        ];
    }
}
