using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace ControlPlane.Catalog;

[Description("An AWS account and region, and how to get into it. Without a key, a profile or a web identity the SDK looks where it always does: variables, profiles, web identity, the machine's own role.")]
internal sealed class AwsProviderShape
{
    [Required]
    [Description("The region, such as us-east-1. Cannot change while machines may run there.")]
    public string? Region { get; set; }

    [Description("The address of EC2 and STS, http or https, in place of the region's own: an emulator, or an endpoint of one's own network.")]
    public string? Endpoint { get; set; }

    [Description("A profile of the node's AWS configuration files.")]
    public string? Profile { get; set; }

    [SecretText]
    [Description("An access key. Only together with secretKey.")]
    public string? AccessKey { get; set; }

    [SecretText]
    [Description("The secret of that key.")]
    public string? SecretKey { get; set; }

    [SecretText]
    [Description("The session token, if the key is a temporary one.")]
    public string? SessionToken { get; set; }

    [Description("The ARN of a role to assume, with whatever credentials there are.")]
    public string? RoleArn { get; set; }

    [Description("The external id that the role's owner asks for.")]
    public string? ExternalId { get; set; }

    [Description("A file with a web identity's token, with which the role is assumed.")]
    public string? WebIdentityTokenFile { get; set; }

    [Range(1.0, 10.0)]
    [Description("What the built-in prices, which are those of us-east-1, are multiplied by: 1 to 10. Left out in another region: each type's price must stand in its pool.")]
    public double? PriceFactor { get; set; }
}

[Description("A machine of EC2.")]
internal sealed class AwsPoolShape
{
    [Required]
    [Description("Machine types, in the order in which they are tried: 1 to 50.")]
    public List<string>? Types { get; set; }

    [Description("Availability zones, such as us-east-1a. Left out together with subnets and subnet: EC2 chooses.")]
    public List<string>? Zones { get; set; }

    [Description("Subnets by their zone, in place of zones: us-east-1a: subnet-....")]
    public Dictionary<string, string>? Subnets { get; set; }

    [Description("A single subnet, where its zone does not matter.")]
    public string? Subnet { get; set; }

    [Words("onDemand", "spot", "spotThenOnDemand")]
    [LeftOut("onDemand")]
    [Description("How capacity is bought. spotThenOnDemand: what has no spot capacity is asked on demand; see fallbackAfter.")]
    public string? Market { get; set; }

    [Words("inOrder", "cheapest")]
    [LeftOut("inOrder")]
    [Description("How offers are ordered. inOrder: types as written, each in all its zones. cheapest: by expected price. Spot stays before on demand.")]
    public string? Order { get; set; }

    [Required]
    [Description("The machine image.")]
    public AwsImageShape? Image { get; set; }

    [Description("Disks, at most 20. Left out: as the image has them. All are deleted with the machine.")]
    public List<AwsDiskShape>? Disks { get; set; }

    [Description("The name of a key pair.")]
    public string? KeyPair { get; set; }

    [Description("Security groups, by id or, in a default network only, by name: at most 16. Left out: the network's default group.")]
    public List<string>? SecurityGroups { get; set; }

    [Description("The name or ARN of the instance profile that the machines get.")]
    public string? InstanceProfile { get; set; }

    [Description("Tags, at most 15, beside those that ControlPlane finds its machines by.")]
    public Dictionary<string, string>? Tags { get; set; }

    [Description("What gets these tags: some of instance, volume, spot-instances-request. Left out: all three.")]
    public List<string>? TagOn { get; set; }

    [Description("Parameters of RunInstances as a JSON object, laid over what is made of the other keys, in the names of the API: '{\"Placement\": {\"Tenancy\": \"dedicated\"}}'.")]
    public string? LaunchSpec { get; set; }

    [Description("User data as it is, at most 16 KiB, in place of the pool's bootstrap. Not for secrets.")]
    public string? UserData { get; set; }

    [Description("Prices on demand by type, in US dollars an hour, in place of the built-in list: g5.xlarge: 1.01. Leases are reserved at them.")]
    public Dictionary<string, string>? Prices { get; set; }

    [Description("Expected spot prices by type, for the order of offers and the first settlement. Left out: the price on demand.")]
    public Dictionary<string, string>? SpotPrices { get; set; }

    [MoneyText]
    [LeftOut("0.00")]
    [Description("US dollars an hour that are added to every price, such as for licences: 0 to 100,000.")]
    public string? Surcharge { get; set; }

    [MoneyText]
    [Description("What a GiB of disks costs a month, in US dollars, such as 0.08: added to every price by the disks' sizes. Left out: disks are not counted.")]
    public string? DiskPrice { get; set; }
}

[Description("A machine image: id, or owner and name, or parameter.")]
internal sealed class AwsImageShape
{
    [Description("Its id, ami-....")]
    public string? Id { get; set; }

    [Description("Who owns the image that name finds: an account's number in quotes, amazon, self or aws-marketplace.")]
    public string? Owner { get; set; }

    [Description("The image's name, with * and ? for what may be anything. The newest is taken, and looked up again every 5 minutes.")]
    public string? Name { get; set; }

    [Description("A public parameter of Systems Manager that holds the id, such as /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64.")]
    public string? Parameter { get; set; }
}

[Description("A disk.")]
internal sealed class AwsDiskShape
{
    [Required]
    [Description("The device: the image's root device, most often /dev/sda1 or /dev/xvda, or another name for another disk.")]
    public string? Device { get; set; }

    [Range(1, 65_536)]
    [Description("GiB: 1 to 65,536. Left out: the size of the image or snapshot.")]
    public int? Size { get; set; }

    [Words("gp2", "gp3", "io1", "io2", "st1", "sc1", "standard")]
    [LeftOut("gp3")]
    [Description("The type of disk.")]
    public string? Type { get; set; }

    [Range(100, 256_000)]
    [Description("I/O operations a second: 100 to 256,000. For gp3, io1 and io2; the last two must have it.")]
    public int? Iops { get; set; }

    [Range(125, 2_000)]
    [Description("MiB a second: 125 to 2,000. For gp3.")]
    public int? Throughput { get; set; }

    [Description("The snapshot that it begins as, snap-....")]
    public string? Snapshot { get; set; }

    [LeftOut("false")]
    [Description("Encrypted with the account's key.")]
    public bool? Encrypted { get; set; }
}
