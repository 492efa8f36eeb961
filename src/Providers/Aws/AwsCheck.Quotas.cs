using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;

namespace ControlPlane.Providers.Aws;

/// <summary>What a pool may need at most, against what the account may have.</summary>
internal sealed partial class AwsCheck
{
    private readonly Dictionary<string, (AwsQuota? Quota, AwsFault? Fault)> _read = new(StringComparer.Ordinal);

    /// <summary>One finding for each quota that machines of the pool count against.</summary>
    private async Task QuotasAsync(PoolSpec pool, CancellationToken cancel)
    {
        var subject = $"pool {pool.Name}: quota";
        var offered = pool.Offers.DistinctBy(o => (o.Type, o.Market)).Select(o => (Type: AwsPrices.Find(o.Type), o.Market, Code: AwsQuotas.CodeOf(o.Type, o.Market))).Where(o => o.Type is not null);
        foreach (var group in offered.GroupBy(o => (o.Code, o.Market)).ToArray())
        {
            var largest = group.MaxBy(o => o.Type!.Cpus).Type!;
            var smallest = group.Min(o => o.Type!.Cpus);
            var needed = pool.MaxInstances * largest.Cpus;
            var what = $"{pool.MaxInstances} {(group.Key.Market == Market.Spot ? "spot instances" : "instances")} of {largest.Name} take {needed} vCPUs";
            if (group.Key.Code is not { } code || quotas is null)
            {
                Doubt(subject, $"{what}; which quota they count against is not known here", "Compare with the quotas of EC2 under Service Quotas.");
                continue;
            }

            switch (await QuotaAsync(code, cancel).ConfigureAwait(false))
            {
                case ({ } quota, _) when quota.Cpus < smallest:
                    Fail(subject, $"{what}; '{quota.Name}' ({code}) allows {quota.Cpus:0} in this region, not even one", "Ask AWS for more vCPUs under Service Quotas, or take other types or the other market.");
                    break;
                case ({ } quota, _) when quota.Cpus < needed:
                    Doubt(subject, $"{what}; '{quota.Name}' ({code}) allows {quota.Cpus:0} in this region", "Ask AWS for more vCPUs under Service Quotas, or lower the pool's maxInstances.");
                    break;
                case ({ } quota, _):
                    Ok(subject, $"{what}; '{quota.Name}' ({code}) allows {quota.Cpus:0} in this region, for all that runs there");
                    break;
                case (_, { Kind: ProviderFault.Misconfigured } fault) when fault.Code.StartsWith("AccessDenied", StringComparison.Ordinal):
                    Doubt(subject, $"{what}; whether quota {code} allows them may not be read: {fault.Message}", "Allow servicequotas:GetServiceQuota, as in the policy below, or compare by hand under Service Quotas.");
                    break;
                case (_, var fault):
                    Doubt(subject, $"{what}; quota {code} cannot be read: {fault?.Message}", "Check again, or compare by hand under Service Quotas.");
                    break;
            }
        }
    }

    private async Task<(AwsQuota? Quota, AwsFault? Fault)> QuotaAsync(string code, CancellationToken cancel)
    {
        if (_read.TryGetValue(code, out var known))
            return known;
        try
        {
            return _read[code] = (await quotas!.ReadAsync(code, cancel).ConfigureAwait(false), null);
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            return _read[code] = (null, fault);
        }
    }
}
