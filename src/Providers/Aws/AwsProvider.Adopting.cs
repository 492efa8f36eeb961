using Amazon.EC2.Model;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Providers.Calls;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Aws;

/// <summary>Machines that another autoscaler started become ours by their tags.</summary>
public sealed partial class AwsProvider : IAdoptingProvider
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<LaunchOutcome>> AdoptAsync(LaunchBatch batch, CancellationToken cancel) =>
        CallMetrics.MeasureAsync(_time, _options.Name, "adopt", () => AdoptAllAsync(batch, cancel), o => o.OfType<LaunchOutcome.Failed>().FirstOrDefault()?.Fault.ToString() ?? "ok");

    private async Task<IReadOnlyList<LaunchOutcome>> AdoptAllAsync(LaunchBatch batch, CancellationToken cancel)
    {
        if (batch.Pool.Template is not PoolTemplate.Aws template)
            return All(batch, ProviderFault.Misconfigured, $"Pool {batch.Pool.Name} has no template for aws.");
        List<LaunchOutcome> outcomes = [];
        foreach (var intent in batch.Intents)
            outcomes.Add(await AdoptAsync(batch with { Intents = [intent] }, intent, template, cancel).ConfigureAwait(false));
        return outcomes;
    }

    private async Task<LaunchOutcome> AdoptAsync(LaunchBatch one, LaunchIntent intent, PoolTemplate.Aws template, CancellationToken cancel)
    {
        var id = intent.Adopts ?? "";
        try
        {
            var answer = await _ec2.DescribeInstancesAsync(new DescribeInstancesRequest { InstanceIds = [id] }, cancel).ConfigureAwait(false);
            var machine = (answer.Reservations ?? []).SelectMany(r => r.Instances ?? []).FirstOrDefault(i => i.InstanceId == id);
            if (machine?.State?.Name?.Value is not ("pending" or "running"))
                return Refused($"EC2 does not show {id} as running.");
            if (AwsTags.OwnerOf(machine) is { } owner)
            {
                // A call whose answer was lost may have tagged it already.
                return owner == (_options.Cluster, intent.Instance)
                    ? new LaunchOutcome.Launched(intent.Instance, id, AwsMachines.StartOf(machine))
                    : Refused($"{id} bears the tags of cluster {owner.Cluster}: it is an instance there.");
            }

            if (AwsTags.AdoptionOf(one, template, _options.Cluster, _options.Name, machine) is not { } tags)
                return Refused($"{id} has its place in a launch of too many machines: its id does not fit into its tags.");
            await _ec2.CreateTagsAsync(new CreateTagsRequest { Resources = [id], Tags = tags }, cancel).ConfigureAwait(false);
            Adopted(_log, id, one.Pool.Name, intent.Instance.Value);
            return new LaunchOutcome.Launched(intent.Instance, id, AwsMachines.StartOf(machine));
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            return fault.Code.StartsWith("InvalidInstanceID", StringComparison.Ordinal)
                ? Refused($"EC2 knows no machine {id}.")
                : new LaunchOutcome.Failed(intent.Instance, fault.Kind, fault.Message);
        }

        LaunchOutcome.Failed Refused(string message) => new(intent.Instance, ProviderFault.Misconfigured, message);
    }

    [LoggerMessage(4111, LogLevel.Information, "EC2 machine {NativeId} of another autoscaler was taken over into pool {Pool} as instance {Instance}")]
    private static partial void Adopted(ILogger log, string nativeId, string pool, string instance);
}
