using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Providers.Aws;

/// <summary>
/// Looks over an account, its permissions and the pools that launch there. What launches or ends machines is only called as a dry run, which EC2 checks and does not
/// carry out.
/// </summary>
internal sealed partial class AwsCheck(IAmazonEC2 ec2, IAmazonSecurityTokenService? identity, AwsQuotas? quotas, AwsProviderOptions options, TimeProvider time)
{
    /// <summary>A machine that is none: EC2 judges the right to end it before it looks for it.</summary>
    private const string NoMachine = "i-00000000000000000";

    /// <summary>The launches that are tried dry for each pool: the rest differ in type and zone only, which the offerings tell.</summary>
    private const int MostDryLaunches = 12;

    private readonly List<ProviderFinding> _findings = [];

    public async Task<ProviderReport> RunAsync(IReadOnlyList<PoolSpec> pools, CancellationToken cancel)
    {
        if (await CredentialsAsync(cancel).ConfigureAwait(false))
        {
            await PermissionsAsync(cancel).ConfigureAwait(false);
            foreach (var pool in pools)
            {
                if (pool.Template is PoolTemplate.Aws template)
                    await PoolAsync(pool, template, cancel).ConfigureAwait(false);
            }
        }

        return new ProviderReport(_findings, AwsPolicy.Write(options.Cluster, pools));
    }

    private async Task<bool> CredentialsAsync(CancellationToken cancel)
    {
        if (identity is null)
            return true;
        try
        {
            var caller = await identity.GetCallerIdentityAsync(new GetCallerIdentityRequest(), cancel).ConfigureAwait(false);
            Ok("credentials", $"{caller.Arn} of account {caller.Account}");
            return true;
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            Fail("credentials", fault.Message, "Check accessKey, profile or role of the provider, or the role of the machine that the node runs on.");
            return false;
        }
    }

    private async Task PermissionsAsync(CancellationToken cancel)
    {
        await DryAsync("DescribeInstances", () => ec2.DescribeInstancesAsync(new DescribeInstancesRequest { MaxResults = 5, DryRun = true }, cancel)).ConfigureAwait(false);
        await DryAsync("DescribeSpotInstanceRequests", () => ec2.DescribeSpotInstanceRequestsAsync(new DescribeSpotInstanceRequestsRequest { MaxResults = 5, DryRun = true }, cancel)).ConfigureAwait(false);
        await DryAsync("DescribeSpotPriceHistory", () => ec2.DescribeSpotPriceHistoryAsync(new DescribeSpotPriceHistoryRequest { MaxResults = 1, DryRun = true }, cancel)).ConfigureAwait(false);
        await DryAsync("TerminateInstances", () => ec2.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [NoMachine], DryRun = true }, cancel)).ConfigureAwait(false);
        await DryAsync("GetConsoleOutput", () => ec2.GetConsoleOutputAsync(new GetConsoleOutputRequest { InstanceId = NoMachine, DryRun = true }, cancel)).ConfigureAwait(false);
    }

    private async Task DryAsync(string action, Func<Task> call)
    {
        var subject = $"permission ec2:{action}";
        switch (await FaultOfAsync(call).ConfigureAwait(false))
        {
            case null or { Code: AwsErrors.DryRun } or { Code: "InvalidInstanceID.NotFound" }:
                Ok(subject, "allowed");
                break;

            // A policy that allows it for the cluster's own machines only says no for a machine that is none.
            case { Code: "UnauthorizedOperation" } when action is "TerminateInstances" or "GetConsoleOutput":
                Doubt(subject, "not allowed for just any machine: it may be allowed for this cluster's own, which cannot be tried without one.", "Compare the policy with the one below.");
                break;
            case { Kind: ProviderFault.Misconfigured } fault:
                Fail(subject, fault.Message, $"Allow ec2:{action}, as in the policy below.");
                break;
            case { } fault:
                Doubt(subject, fault.Message, "Check again.");
                break;
        }
    }

    private async Task PoolAsync(PoolSpec pool, PoolTemplate.Aws template, CancellationToken cancel)
    {
        var before = _findings.Count(f => f.Verdict == Verdict.Failed);
        var image = await ImageAsync(pool, template, cancel).ConfigureAwait(false);
        await SubnetsAsync(pool, template, cancel).ConfigureAwait(false);
        await TryAsync($"pool {pool.Name}: security groups", template.SecurityGroups.Count > 0, async () => await GroupsAsync(template, cancel).ConfigureAwait(false)).ConfigureAwait(false);
        await TryAsync($"pool {pool.Name}: key pair", template.KeyPair is not null, async () =>
        {
            await ec2.DescribeKeyPairsAsync(new DescribeKeyPairsRequest { KeyNames = [template.KeyPair] }, cancel).ConfigureAwait(false);
            return template.KeyPair!;
        }).ConfigureAwait(false);
        await OfferingsAsync(pool, cancel).ConfigureAwait(false);
        await PricesAsync(pool, template, cancel).ConfigureAwait(false);
        await QuotasAsync(pool, cancel).ConfigureAwait(false);
        if (image is not null && _findings.Count(f => f.Verdict == Verdict.Failed) == before)
            await LaunchesAsync(pool, template, image, cancel).ConfigureAwait(false);
    }

    private async Task<string?> ImageAsync(PoolSpec pool, PoolTemplate.Aws template, CancellationToken cancel)
    {
        var subject = $"pool {pool.Name}: image";
        if (template.Image.Parameter is { } parameter)
        {
            Ok(subject, $"EC2 resolves {parameter} at each launch");
            return $"resolve:ssm:{parameter}";
        }

        try
        {
            var found = template.Image.Id is { } id
                ? (await ec2.DescribeImagesAsync(new DescribeImagesRequest { ImageIds = [id] }, cancel).ConfigureAwait(false)).Images ?? []
                : await AwsImages.FindAsync(ec2, template.Image.Owner ?? "self", template.Image.Name ?? "", cancel).ConfigureAwait(false);
            if (found is not [var image, ..])
            {
                Fail(subject, $"no image of the owner '{template.Image.Owner}' is named '{template.Image.Name}'", "Correct aws.image.owner and aws.image.name.");
                return null;
            }

            var architecture = image.Architecture?.Value == "arm64" ? "arm64" : "amd64";
            if (pool.Offers.Select(o => AwsPrices.Find(o.Type)).OfType<AwsType>().FirstOrDefault(t => t.Architecture != architecture) is { } other)
            {
                Fail(subject, $"{image.ImageId} ({image.Name}) is for {image.Architecture}, and {other.Name} is {other.Architecture}", "Take another image, or types of its architecture.");
                return null;
            }

            if (template.Disks.Count > 0 && template.Disks.All(d => d.Device != image.RootDeviceName))
                Doubt(subject, $"{image.ImageId}: its root device is {image.RootDeviceName}, and no disk of the pool is", "If aws.disks should change the root disk, write its device.");
            else
                Ok(subject, $"{image.ImageId} ({image.Name}), made {image.CreationDate}");
            return image.ImageId;
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            Fail(subject, fault);
            return null;
        }
    }

    private async Task SubnetsAsync(PoolSpec pool, PoolTemplate.Aws template, CancellationToken cancel)
    {
        var wanted = template.Subnet is { } one ? [(Zone: "", Id: one)] : template.Subnets.Select(s => (Zone: s.Key, Id: s.Value)).ToArray();
        foreach (var (zone, id) in wanted)
        {
            var subject = $"pool {pool.Name}: subnet {id}";
            try
            {
                var answer = await ec2.DescribeSubnetsAsync(new DescribeSubnetsRequest { SubnetIds = [id] }, cancel).ConfigureAwait(false);
                if (answer.Subnets is not [var subnet, ..])
                    Fail(subject, "EC2 does not show it", "Write a subnet of this account and region.");
                else if (zone.Length > 0 && subnet.AvailabilityZone != zone)
                    Fail(subject, $"it is in {subnet.AvailabilityZone}, and stands under {zone}", $"Write it under {subnet.AvailabilityZone}.");
                else if (subnet.AvailableIpAddressCount < pool.MaxInstances)
                    Doubt(subject, $"it has {subnet.AvailableIpAddressCount} free addresses, and the pool may have {pool.MaxInstances} instances", "Take a larger subnet, or several.");
                else
                    Ok(subject, $"in {subnet.AvailabilityZone}, with {subnet.AvailableIpAddressCount} free addresses");
            }
            catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
            {
                Fail(subject, fault);
            }
        }
    }

    private async Task<string> GroupsAsync(PoolTemplate.Aws template, CancellationToken cancel)
    {
        List<string> ids = [.. template.SecurityGroups.Where(g => g.StartsWith("sg-", StringComparison.Ordinal))];
        List<string> names = [.. template.SecurityGroups.Except(ids)];
        if (ids.Count > 0)
            await ec2.DescribeSecurityGroupsAsync(new DescribeSecurityGroupsRequest { GroupIds = ids }, cancel).ConfigureAwait(false);
        if (names.Count > 0)
            await ec2.DescribeSecurityGroupsAsync(new DescribeSecurityGroupsRequest { GroupNames = names }, cancel).ConfigureAwait(false);
        return string.Join(", ", template.SecurityGroups);
    }

    private async Task OfferingsAsync(PoolSpec pool, CancellationToken cancel)
    {
        var subject = $"pool {pool.Name}: types in zones";
        try
        {
            List<string> types = [.. pool.Offers.Select(o => o.Type).Distinct()];
            var offered = new HashSet<(string Type, string Zone)>();
            string? next = null;
            do
            {
                var answer = await ec2.DescribeInstanceTypeOfferingsAsync(
                    new DescribeInstanceTypeOfferingsRequest { LocationType = LocationType.AvailabilityZone, Filters = [new Filter("instance-type", types)], MaxResults = 1_000, NextToken = next }, cancel).ConfigureAwait(false);
                foreach (var offering in answer.InstanceTypeOfferings ?? [])
                    offered.Add((offering.InstanceType.Value, offering.Location));
                next = answer.NextToken;
            }
            while (!string.IsNullOrEmpty(next));
            var missing = pool.Offers.Select(o => (o.Type, o.Zone)).Distinct().Where(o => o.Zone.Length > 0 ? !offered.Contains(o) : offered.All(f => f.Type != o.Type)).ToArray();
            foreach (var (type, zone) in missing)
            {
                var elsewhere = offered.Where(o => o.Type == type).Select(o => o.Zone).Order(StringComparer.Ordinal).ToArray();
                Fail(
                    subject,
                    zone.Length > 0 ? $"{type} is not offered in {zone}" : $"{type} is not offered in this region",
                    elsewhere.Length > 0 ? $"It is offered in {string.Join(", ", elsewhere)}." : "Correct the type's name, or take another.");
            }

            if (missing.Length == 0)
                Ok(subject, $"all offered: {string.Join(", ", types)}");
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            Fail(subject, fault);
        }
    }

    private async Task PricesAsync(PoolSpec pool, PoolTemplate.Aws template, CancellationToken cancel)
    {
        var subject = $"pool {pool.Name}: prices";
        Ok(
            subject,
            $"leases are reserved at {string.Join(", ", pool.Offers.DistinctBy(o => o.Type).Select(o => $"{o.WorstRate} for {o.Type}{(template.Prices.ContainsKey(o.Type) ? " (the pool's own price)" : "")}"))}; the built-in list is of {AwsPrices.AsOf}");
        if (pool.Offers.All(o => o.Market != Market.Spot))
            return;
        try
        {
            var answer = await ec2.DescribeSpotPriceHistoryAsync(
                new DescribeSpotPriceHistoryRequest
                {
                    InstanceTypes = [.. pool.Offers.Where(o => o.Market == Market.Spot).Select(o => o.Type).Distinct()],
                    ProductDescriptions = ["Linux/UNIX"],
                    StartTime = time.GetUtcNow().UtcDateTime,
                    MaxResults = 1_000,
                },
                cancel).ConfigureAwait(false);
            var now = (answer.SpotPriceHistory ?? []).GroupBy(p => p.InstanceType.Value).Select(g => $"{g.Key} {g.Min(p => p.Price)} to {g.Max(p => p.Price)}");
            Ok($"pool {pool.Name}: spot prices", $"now, in dollars an hour: {string.Join(", ", now)}");
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            Doubt($"pool {pool.Name}: spot prices", fault.Message, "Allow ec2:DescribeSpotPriceHistory: without it the expected prices are settled.");
        }
    }

    private async Task LaunchesAsync(PoolSpec pool, PoolTemplate.Aws template, string image, CancellationToken cancel)
    {
        var failed = 0;
        foreach (var offer in pool.Offers.Take(MostDryLaunches))
        {
            var subject = $"pool {pool.Name}: launch of {offer.Key}";
            AwsFault? fault;
            try
            {
                var batch = new LaunchBatch($"check-{Guid.NewGuid():N}", offer, pool, [new LaunchIntent(new InstanceId("check"), new QueueName("check"), DateTimeOffset.UnixEpoch)]);
                var request = AwsLaunch.Request(batch, template, image, template.UserData ?? options.Bootstrap?.UserData(batch, Bootstrap.GuestPlatform.Ec2), options.Cluster, options.Name);
                request.DryRun = true;
                fault = await FaultOfAsync(() => ec2.RunInstancesAsync(request, cancel)).ConfigureAwait(false);
            }
            catch (Exception thrown) when (thrown is AwsLaunchSpecException or Bootstrap.BootstrapException)
            {
                fault = new AwsFault(ProviderFault.Misconfigured, "", thrown.Message, []);
            }

            if (fault is null or { Code: AwsErrors.DryRun })
                continue;
            failed++;
            if (fault.Kind == ProviderFault.Misconfigured)
                Fail(subject, fault);
            else
                Doubt(subject, fault.Message, "Check again.");
        }

        if (failed == 0)
            Ok($"pool {pool.Name}: launch", $"EC2 would have launched {string.Join(", ", pool.Offers.Take(MostDryLaunches).Select(o => o.Key))}");
    }

    private async Task TryAsync(string subject, bool isUsed, Func<Task<string>> look)
    {
        if (!isUsed)
            return;
        try
        {
            Ok(subject, await look().ConfigureAwait(false));
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            Fail(subject, fault);
        }
    }

    private static async Task<AwsFault?> FaultOfAsync(Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
            return null;
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            return fault;
        }
    }

    private void Ok(string subject, string message) => _findings.Add(new ProviderFinding(subject, Verdict.Ok, message, null));

    private void Doubt(string subject, string message, string fix) => _findings.Add(new ProviderFinding(subject, Verdict.Doubtful, message, fix));

    private void Fail(string subject, string message, string fix) => _findings.Add(new ProviderFinding(subject, Verdict.Failed, message, fix));

    /// <summary>With the fix apart from AWS's words.</summary>
    private void Fail(string subject, AwsFault fault)
    {
        var fix = AwsErrors.Fix(fault.Code);
        Fail(subject, fix is null ? fault.Message : fault.Message.Replace(fix, "", StringComparison.Ordinal).TrimEnd(), fix ?? "Check the pool's aws keys.");
    }
}
