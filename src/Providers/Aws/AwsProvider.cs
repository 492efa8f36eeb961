using System.Text;
using System.Text.RegularExpressions;
using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.SecurityToken;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Providers;
using ControlPlane.Providers.Bootstrap;
using ControlPlane.Providers.Calls;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Providers.Aws;

/// <summary>What a provider of AWS is told once.</summary>
public sealed record AwsProviderOptions
{
    /// <summary>The provider's configured name: tagged, and for metrics and logs.</summary>
    public required string Name { get; init; }

    /// <summary>The cluster's name: tagged.</summary>
    public required string Cluster { get; init; }

    /// <summary>Writes the user data of pools with a bootstrap; null where no node can be reached by machines.</summary>
    public GuestBootstrap? Bootstrap { get; init; }
}

/// <summary>
/// Machines of EC2 in one account and region. It keeps nothing that it could not lose: whose a machine is stands in its tags, and what became of a launch EC2 tells by
/// the launch's token. Thread safe.
/// </summary>
public sealed partial class AwsProvider : IComputeProvider, IProviderCheck, IDisposable
{
    private const int MostInTermination = 1_000;

    private readonly IAmazonEC2 _ec2;
    private readonly AwsProviderOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<AwsProvider> _log;
    private readonly AwsImages _images;
    private readonly AwsSpotPrices _prices;
    private readonly AwsDoubts _doubts;
    private readonly IAmazonSecurityTokenService? _identity;
    private readonly AwsQuotas? _quotas;

    /// <param name="ec2">Calls EC2. It must repeat nothing by itself.</param>
    /// <param name="options">Names, and what writes user data.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where launches are told.</param>
    /// <param name="identity">Tells whose the credentials are, for the check; null leaves that out.</param>
    /// <param name="quotas">Tells what the account may have, for the check; null leaves that out.</param>
    public AwsProvider(IAmazonEC2 ec2, AwsProviderOptions options, TimeProvider time, ILogger<AwsProvider> log, IAmazonSecurityTokenService? identity = null, AwsQuotas? quotas = null)
    {
        (_identity, _quotas) = (identity, quotas);
        (_ec2, _options, _time, _log) = (ec2, options, time, log);
        _images = new AwsImages(ec2, time);
        _prices = new AwsSpotPrices(ec2, time);
        _doubts = new AwsDoubts(time);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LaunchOutcome>> LaunchAsync(LaunchBatch batch, CancellationToken cancel) =>
        CallMetrics.MeasureAsync(_time, _options.Name, "launch", () => LaunchOneAsync(batch, cancel), o => o.OfType<LaunchOutcome.Failed>().FirstOrDefault()?.Fault.ToString() ?? "ok");

    /// <inheritdoc/>
    public Task<IReadOnlyList<TerminateOutcome>> TerminateAsync(IReadOnlyList<InstanceRef> instances, CancellationToken cancel) =>
        CallMetrics.MeasureAsync(_time, _options.Name, "terminate", () => TerminateAllAsync(instances, cancel), o => o.FirstOrDefault(t => t.Fault is not null)?.Fault.ToString() ?? "ok");

    /// <inheritdoc/>
    public Task<SweepOutcome> SweepAsync(CancellationToken cancel) =>
        CallMetrics.MeasureAsync(_time, _options.Name, "sweep", () => SweepOnceAsync(cancel), o => o is SweepOutcome.Complete ? "ok" : "incomplete");

    /// <inheritdoc/>
    /// <exception cref="IOException">EC2 does not give it; the message holds why.</exception>
    public Task<string?> ReadConsoleAsync(InstanceRef instance, int maxBytes, CancellationToken cancel) =>
        CallMetrics.MeasureAsync(_time, _options.Name, "console", () => ReadAsync(instance, maxBytes, cancel), o => o is null ? "none" : "ok");

    /// <inheritdoc/>
    public Task<ProviderReport> CheckAsync(IReadOnlyList<PoolSpec> pools, CancellationToken cancel) =>
        CallMetrics.MeasureAsync(_time, _options.Name, "check", () => new AwsCheck(_ec2, _identity, _quotas, _options, _time).RunAsync(pools, cancel), r => r.Findings.Any(f => f.Verdict == Verdict.Failed) ? "failed" : "ok");

    public void Dispose()
    {
        _ec2.Dispose();
        _identity?.Dispose();
        _sweeping.Dispose();
    }

    private async Task<IReadOnlyList<LaunchOutcome>> LaunchOneAsync(LaunchBatch batch, CancellationToken cancel)
    {
        if (batch.Pool.Template is not PoolTemplate.Aws template)
            return All(batch, ProviderFault.Misconfigured, $"Pool {batch.Pool.Name} has no template for aws.");
        try
        {
            var userData = template.UserData ?? _options.Bootstrap?.UserData(batch, GuestPlatform.Ec2);
            if (batch.Pool.Bootstrap is not null && userData is null)
                return All(batch, ProviderFault.Misconfigured, "This node writes no user data, and the pool has a bootstrap. Remove bootstrap, or use an image that needs none.");
            var image = await _images.ResolveAsync(template.Image, cancel).ConfigureAwait(false);
            var request = AwsLaunch.Request(batch, template, image, userData, _options.Cluster, _options.Name);
            var instances = await RunAsync(request, cancel).ConfigureAwait(false);
            Launched(_log, instances.Count, batch.Offer.Key.ToString(), image, batch.Pool.Name);
            return Outcomes(batch, instances);
        }
        catch (Exception thrown) when (Refusal(thrown) is { } fault)
        {
            if (fault.Code is AwsErrors.ParameterMismatch or AwsErrors.InstanceTerminated)
            {
                _doubts.Began(batch.Token);
                return await LookUpAsync(batch, fault, wasLaunched: true, cancel).ConfigureAwait(false);
            }

            // Only the machines themselves tell whether an earlier call with this token took effect.
            return fault.Kind is not (ProviderFault.Indeterminate or ProviderFault.Throttled) && _doubts.MayHaveTakenEffect(batch.Token)
                ? await LookUpAsync(batch, fault, wasLaunched: false, cancel).ConfigureAwait(false)
                : All(batch, fault.Kind, fault.Message, fault.Zones);
        }
    }

    private async Task<List<Instance>> RunAsync(RunInstancesRequest request, CancellationToken cancel)
    {
        try
        {
            var answer = await _ec2.RunInstancesAsync(request, cancel).ConfigureAwait(false);
            _doubts.Settled(request.ClientToken);
            return answer.Reservation.Instances;
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is null or { Kind: ProviderFault.Indeterminate, Code: not (AwsErrors.ParameterMismatch or AwsErrors.InstanceTerminated) })
        {
            _doubts.Lost(request.ClientToken);
            throw;
        }
    }

    private static AwsFault? Refusal(Exception thrown) => thrown switch
    {
        BootstrapException => new AwsFault(ProviderFault.Misconfigured, "", thrown.Message, []),
        AwsLaunchSpecException spec => new AwsFault(ProviderFault.Misconfigured, "", $"{spec.Message} {spec.Fix}", []),
        _ => AwsErrors.Sort(thrown),
    };

    /// <summary>
    /// A launch was refused that an earlier call with the same token may have begun: its machines are looked for. Not to find them proves nothing until they would have
    /// been shown.
    /// </summary>
    private async Task<IReadOnlyList<LaunchOutcome>> LookUpAsync(LaunchBatch batch, AwsFault fault, bool wasLaunched, CancellationToken cancel)
    {
        try
        {
            List<Instance> found = [];
            await foreach (var instance in ListAsync([new Filter("client-token", [batch.Token])], cancel).ConfigureAwait(false))
                found.Add(instance);
            if (found.Count > 0)
                return Outcomes(batch, found, mayAppear: !_doubts.WouldBeSeen(batch.Token));
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } other)
        {
            return All(batch, ProviderFault.Indeterminate, $"{fault.Message} Whether an earlier call took effect is not known: {other.Message}");
        }

        if (!_doubts.WouldBeSeen(batch.Token))
            return All(batch, ProviderFault.Indeterminate, $"{fault.Message} Whether an earlier call took effect is not known yet.");
        _doubts.Settled(batch.Token);
        return wasLaunched
            ? All(batch, ProviderFault.InsufficientCapacity, $"{fault.Message} The machines of that launch are gone.")
            : All(batch, fault.Kind, fault.Message, fault.Zones);
    }

    /// <summary>Machines by their places in the launch. Those that a partial answer lacks were not launched, for want of capacity; what a list lacks may yet be shown.</summary>
    private static LaunchOutcome[] Outcomes(LaunchBatch batch, IReadOnlyList<Instance> instances, bool mayAppear = false)
    {
        var byPlace = new Dictionary<int, Instance>();
        foreach (var instance in instances)
            byPlace.TryAdd(instance.AmiLaunchIndex ?? 0, instance);
        return
        [
            .. batch.Intents.Select((intent, i) => byPlace.TryGetValue(i, out var instance)
                ? new LaunchOutcome.Launched(intent.Instance, instance.InstanceId, AwsMachines.StartOf(instance))
                : (LaunchOutcome)new LaunchOutcome.Failed(
                    intent.Instance,
                    mayAppear ? ProviderFault.Indeterminate : ProviderFault.InsufficientCapacity,
                    mayAppear ? $"EC2 shows {byPlace.Count} of {batch.Intents.Count} machines of this launch so far." : $"EC2 launched {byPlace.Count} of {batch.Intents.Count} {batch.Offer.Key}: it has no more of them now.")),
        ];
    }

    private static LaunchOutcome[] All(LaunchBatch batch, ProviderFault fault, string message, IReadOnlyList<string>? zones = null) =>
        [.. batch.Intents.Select(i => new LaunchOutcome.Failed(i.Instance, fault, message, zones is { Count: > 0 } ? zones : null))];

    private async Task<IReadOnlyList<TerminateOutcome>> TerminateAllAsync(IReadOnlyList<InstanceRef> instances, CancellationToken cancel)
    {
        var (natives, unknown) = await NativeIdsAsync(instances, cancel).ConfigureAwait(false);
        var faults = new Dictionary<string, AwsFault>(StringComparer.Ordinal);
        foreach (var ids in natives.Values.Distinct(StringComparer.Ordinal).Chunk(MostInTermination))
            await TerminateAsync([.. ids], faults, cancel).ConfigureAwait(false);
        return
        [
            .. instances.Select(i => natives.TryGetValue(i.Instance, out var id)
                ? faults.TryGetValue(id, out var fault) ? new TerminateOutcome(i.Instance, fault.Kind, fault.Message) : new TerminateOutcome(i.Instance, null, null)
                : new TerminateOutcome(i.Instance, unknown?.Kind, unknown?.Message)),
        ];
    }

    /// <summary>
    /// One call for all. One id that EC2 does not know spares all others, so the call is made again without those that it names. They count as accepted: whether such a
    /// machine is gone or not yet shown, the next sweeps tell, and a machine is asked to end until it has.
    /// </summary>
    private async Task TerminateAsync(List<string> ids, Dictionary<string, AwsFault> faults, CancellationToken cancel)
    {
        const int MostTries = 4;
        for (var i = 0; ids.Count > 0 && i < MostTries; i++)
        {
            try
            {
                await _ec2.TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = ids }, cancel).ConfigureAwait(false);
                return;
            }
            catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
            {
                var named = fault.Code.StartsWith("InvalidInstanceID", StringComparison.Ordinal) ? NativeId().Matches(fault.Message).Select(m => m.Value).ToHashSet(StringComparer.Ordinal) : [];
                if (!named.Overlaps(ids))
                {
                    foreach (var id in ids)
                        faults[id] = fault;
                    return;
                }

                ids = [.. ids.Where(id => !named.Contains(id))];
            }
        }

        foreach (var id in ids)
            faults[id] = new AwsFault(ProviderFault.Indeterminate, "", "EC2 did not know some of the machines that should be ended with this one.", []);
    }

    private async Task<string?> ReadAsync(InstanceRef instance, int maxBytes, CancellationToken cancel)
    {
        var (natives, unknown) = await NativeIdsAsync([instance], cancel).ConfigureAwait(false);
        if (unknown is not null)
            throw new IOException(unknown.Message);
        if (!natives.TryGetValue(instance.Instance, out var id))
            return null;
        try
        {
            // Only machines of the Nitro system give what is on the console now; others what they kept of their start.
            var output = await OutputAsync(id, latest: true, cancel).ConfigureAwait(false);
            return Tail(output, maxBytes);
        }
        catch (Exception thrown) when (AwsErrors.Sort(thrown) is { } fault)
        {
            if (fault.Code.StartsWith("InvalidInstanceID", StringComparison.Ordinal))
                return null;
            throw new IOException(fault.Message, thrown);
        }
    }

    private async Task<string?> OutputAsync(string id, bool latest, CancellationToken cancel)
    {
        try
        {
            return (await _ec2.GetConsoleOutputAsync(new GetConsoleOutputRequest { InstanceId = id, Latest = latest ? true : null }, cancel).ConfigureAwait(false)).Output;
        }
        catch (AmazonEC2Exception fault) when (latest && fault.ErrorCode is "UnsupportedOperation" or "Unsupported")
        {
            return await OutputAsync(id, latest: false, cancel).ConfigureAwait(false);
        }
    }

    private static string? Tail(string? encoded, int maxBytes)
    {
        if (string.IsNullOrEmpty(encoded))
            return null;
        var bytes = Convert.FromBase64String(encoded);
        var from = Math.Max(0, bytes.Length - maxBytes);

        // Not from the middle of a character.
        while (from < bytes.Length && (bytes[from] & 0xC0) == 0x80)
            from++;
        return Encoding.UTF8.GetString(bytes, from, bytes.Length - from);
    }

    [LoggerMessage(4101, LogLevel.Information, "EC2 launched {Count} {Offer} of image {Image} for pool {Pool}")]
    private static partial void Launched(ILogger log, int count, string offer, string image, string pool);

    [GeneratedRegex("i-[0-9a-f]{8,17}", RegexOptions.CultureInvariant)]
    private static partial Regex NativeId();
}
