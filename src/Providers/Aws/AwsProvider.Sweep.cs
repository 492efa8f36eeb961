using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Amazon.EC2.Model;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Aws;

/// <summary>All machines of ours in one paged list, and what only other lists tell of spot machines: notices of interruption, and prices.</summary>
public sealed partial class AwsProvider
{
    private const int PageSize = 1_000;
    private const int MostPages = 1_000;
    private const string Marked = "marked-for-termination";

    /// <summary>From the mark to the end: two minutes, says the page "Spot Instance interruption notices".</summary>
    private static readonly TimeSpan Notice = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<InstanceId, string> _natives = new();
    private readonly SemaphoreSlim _sweeping = new(1, 1);
    private Dictionary<string, DateTimeOffset> _interruptions = new(StringComparer.Ordinal);

    private async Task<SweepOutcome> SweepOnceAsync(CancellationToken cancel)
    {
        var asOf = _time.GetUtcNow();
        await _sweeping.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            Dictionary<string, Instance> found = new(StringComparer.Ordinal);
            var broke = await ReadAllAsync(found, cancel).ConfigureAwait(false);
            Instance[] spot = [.. found.Values.Where(i => AwsMachines.IsSpot(i) && AwsMachines.StateOf(i) != MachineState.Ended)];
            await LookForNoticesAsync(spot, cancel).ConfigureAwait(false);
            await LookForPricesAsync([.. found.Values.Where(AwsMachines.IsSpot)], cancel).ConfigureAwait(false);
            Machine[] machines = [.. found.Values.Select(Seen).OfType<Machine>()];
            if (broke is not null)
                return new SweepOutcome.Incomplete(asOf, machines, broke.Kind, broke.Message);
            Remember(machines);
            return new SweepOutcome.Complete(asOf, machines);
        }
        finally
        {
            _sweeping.Release();
        }
    }

    /// <summary>What broke the list off; null if it is complete.</summary>
    private async Task<AwsFault?> ReadAllAsync(Dictionary<string, Instance> found, CancellationToken cancel)
    {
        try
        {
            await foreach (var instance in ListAsync(OursFilters(), cancel).ConfigureAwait(false))
                found[instance.InstanceId] = instance;
            return null;
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            return fault;
        }
    }

    private List<Filter> OursFilters() => [new($"tag:{AwsTags.Cluster}", [_options.Cluster]), new($"tag:{AwsTags.Provider}", [_options.Name])];

    private async IAsyncEnumerable<Instance> ListAsync(List<Filter> filters, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? next = null;
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await _ec2.DescribeInstancesAsync(new DescribeInstancesRequest { Filters = filters, MaxResults = PageSize, NextToken = next }, cancel).ConfigureAwait(false);
            foreach (var instance in (answer.Reservations ?? []).SelectMany(r => r.Instances ?? []))
                yield return instance;
            next = answer.NextToken;
            if (string.IsNullOrEmpty(next))
                yield break;
        }

        throw new IOException($"EC2's list of machines did not end after {MostPages} pages.");
    }

    private Machine? Seen(Instance instance)
    {
        if (AwsTags.Read(instance) is not { } tags)
        {
            Unroutable(_log, instance.InstanceId, _options.Name);
            return null;
        }

        var state = AwsMachines.StateOf(instance);
        return new Machine(
            tags.Instance,
            tags.Queue,
            instance.InstanceId,
            state,
            AwsMachines.StartOf(instance),
            AwsMachines.EndOf(instance),
            state == MachineState.Ended ? AwsMachines.EndedBy(instance) : MachineEnd.Requested,
            state != MachineState.Ended && _interruptions.TryGetValue(instance.InstanceId, out var at) ? at : null,
            RateOf(instance),
            AwsMachines.ReasonOf(instance));
    }

    /// <summary>The highest spot price since its launch, and what is paid beside it; null on demand, and while no price is known.</summary>
    private HourlyRate? RateOf(Instance instance)
    {
        if (!AwsMachines.IsSpot(instance))
            return null;
        var until = AwsMachines.EndOf(instance) ?? _time.GetUtcNow();
        return _prices.Highest(instance.InstanceType?.Value ?? "", instance.Placement?.AvailabilityZone ?? "", AwsMachines.StartOf(instance), until) is { } rate
            ? new HourlyRate(rate.MicrosPerHour + AwsTags.ExtraOf(instance).MicrosPerHour)
            : null;
    }

    /// <summary>One cheap list that is empty but for the minutes of an interruption. If it fails, what was known stays known; the machines themselves were seen.</summary>
    private async Task LookForNoticesAsync(Instance[] spot, CancellationToken cancel)
    {
        if (spot.Length == 0)
        {
            _interruptions = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
            return;
        }

        var living = spot.Select(i => i.InstanceId).ToHashSet(StringComparer.Ordinal);
        var known = _interruptions.Where(i => living.Contains(i.Key)).ToDictionary(StringComparer.Ordinal);
        try
        {
            string? next = null;
            for (var page = 0; page < MostPages; page++)
            {
                var answer = await _ec2.DescribeSpotInstanceRequestsAsync(
                    new DescribeSpotInstanceRequestsRequest { Filters = [.. OursFilters(), new Filter("status-code", [Marked])], MaxResults = PageSize, NextToken = next }, cancel).ConfigureAwait(false);
                foreach (var request in (answer.SpotInstanceRequests ?? []).Where(r => r.InstanceId is not null && living.Contains(r.InstanceId)))
                    known.TryAdd(request.InstanceId, (request.Status?.UpdateTime is { } at ? AwsMachines.Utc(at) : _time.GetUtcNow()) + Notice);
                next = answer.NextToken;
                if (string.IsNullOrEmpty(next))
                    break;
            }
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            NoNotices(_log, _options.Name, fault.Message);
        }

        _interruptions = known;
    }

    private async Task LookForPricesAsync(Instance[] spot, CancellationToken cancel)
    {
        var wanted = spot.Select(i => (i.InstanceType?.Value ?? "", i.Placement?.AvailabilityZone ?? "", AwsMachines.StartOf(i))).ToList();
        if (await _prices.RefreshAsync(wanted, cancel).ConfigureAwait(false) is { } fault)
            NoPrices(_log, _options.Name, fault.Message);
    }

    private void Remember(Machine[] machines)
    {
        var shown = machines.Select(m => m.Instance).ToHashSet();
        foreach (var gone in _natives.Keys.Where(i => !shown.Contains(i)))
            _natives.TryRemove(gone, out _);
        foreach (var machine in machines)
            _natives[machine.Instance] = machine.NativeId;
    }

    /// <summary>EC2's ids of machines: as told, else as last seen, else looked for once for all. One that is not found has none.</summary>
    private async Task<(Dictionary<InstanceId, string> Found, AwsFault? Fault)> NativeIdsAsync(IReadOnlyList<InstanceRef> instances, CancellationToken cancel)
    {
        var found = new Dictionary<InstanceId, string>();
        foreach (var instance in instances)
        {
            if ((instance.NativeId ?? _natives.GetValueOrDefault(instance.Instance)) is { } id)
                found[instance.Instance] = id;
        }

        if (instances.All(i => found.ContainsKey(i.Instance)))
            return (found, null);
        Dictionary<string, Instance> all = new(StringComparer.Ordinal);
        var fault = await ReadAllAsync(all, cancel).ConfigureAwait(false);
        var wanted = instances.Select(i => i.Instance).ToHashSet();
        foreach (var instance in all.Values)
        {
            if (AwsTags.Read(instance) is { } tags && wanted.Contains(tags.Instance))
                found.TryAdd(tags.Instance, instance.InstanceId);
        }

        return (found, fault);
    }

    [LoggerMessage(4102, LogLevel.Warning, "Machine {Machine} bears the tags of provider {Provider} and no queue's: it is left alone. End it in the console, or give it back its tag controlplane:queue")]
    private static partial void Unroutable(ILogger log, string machine, string provider);

    [LoggerMessage(4103, LogLevel.Warning, "Provider {Provider} cannot be asked for notices of interruption: {Fault}")]
    private static partial void NoNotices(ILogger log, string provider, string fault);

    [LoggerMessage(4104, LogLevel.Warning, "Provider {Provider} does not tell spot prices, so the expected ones are settled: {Fault}")]
    private static partial void NoPrices(ILogger log, string provider, string fault);
}
