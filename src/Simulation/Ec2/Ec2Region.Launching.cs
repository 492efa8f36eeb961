using System.Xml.Linq;

namespace ControlPlane.Simulation.Ec2;

/// <summary>RunInstances.</summary>
public sealed partial class Ec2Region
{
    private readonly Dictionary<(string Zone, string Token), Launched> _tokens = [];

    private sealed record Launched(string Fingerprint, IReadOnlyList<Ec2Instance> Instances);

    private IEnumerable<XElement?> RunInstances(Ec2Call call)
    {
        var request = Ec2LaunchRequest.Read(call, _settings);
        call.Ready();
        var scope = request.Zone ?? "";
        if (request.Token.Length > 0 && _tokens.TryGetValue((scope, request.Token), out var launched) && !IsForgotten(launched, call.Now))
        {
            if (launched.Fingerprint != request.Fingerprint)
            {
                throw new Ec2RefusedException(
                    "IdempotentParameterMismatch",
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).");
            }

            if (launched.Instances.All(i => i.StateAt(call.Now) == "terminated"))
            {
                throw new Ec2RefusedException(
                    "IdempotentInstanceTerminated",
                    "The client token has already been used for a launch whose instances have been terminated.");
            }

            return Reservation(launched.Instances, call.Now, showsAll: true);
        }

        var instances = Launch(request, call);
        if (request.Token.Length > 0)
            _tokens[(scope, request.Token)] = new Launched(request.Fingerprint, instances);
        call.Instances = instances.Count;
        return Reservation(instances, call.Now, showsAll: true);
    }

    private bool IsForgotten(Launched launched, DateTimeOffset now) => launched.Instances.All(i => !i.Stops && i.EndedAt + _settings.TokenMemory <= now);

    private List<Ec2Instance> Launch(Ec2LaunchRequest request, Ec2Call call)
    {
        if (!_buckets.TakeInstances("RunInstances", request.Most, _settings.LimitScale, call.Now))
            throw Ec2RefusedException.Throttled();
        List<Ec2Instance> instances = [];
        try
        {
            var allowed = Math.Min(request.Most, Allowance(request));
            var (zone, fit) = FindRoom(request, allowed);
            if (request.IsSpot && Prices.SpotAt(request.Type, zone, call.Now) is var price && request.MaxPrice < price)
            {
                throw new Ec2RefusedException(
                    "SpotMaxPriceTooLow",
                    FormattableString.Invariant($"Your Spot request price of {request.MaxPrice} is lower than the minimum required Spot request fulfillment price of {price}."));
            }

            var subnet = request.Subnet ?? _settings.Subnets.First(s => s.Zone == zone && s.IsDefault);
            fit = Math.Min(fit, FreeAddresses(subnet, request.Least));
            instances = Start(request, call, zone, subnet, Math.Min(allowed, fit));
            return instances;
        }
        finally
        {
            _buckets.GiveBackInstances("RunInstances", request.Most - instances.Count, _settings.LimitScale);
        }
    }

    // How many the account's quotas let through; fewer than asked for is an answer as long as it is enough [M].
    private int Allowance(Ec2LaunchRequest request)
    {
        var allowed = int.MaxValue;
        if (_settings.InstanceLimit is { } limit)
        {
            allowed = limit - _live.Count;
            if (allowed < request.Least)
            {
                throw new Ec2RefusedException(
                    "InstanceLimitExceeded",
                    $"You have requested more instances ({_live.Count + request.Least}) than your current instance limit of {limit} allows for the specified instance type.");
            }
        }

        var quotas = request.IsSpot ? _settings.SpotCpuQuotas : _settings.CpuQuotas;
        if (!quotas.TryGetValue(request.Type.QuotaClass, out var quota))
            return allowed;
        var used = _live.Where(i => i.IsSpot == request.IsSpot && i.Launch.Type.QuotaClass == request.Type.QuotaClass).Sum(i => i.Launch.Type.Cpus);
        var free = (quota - used) / request.Type.Cpus;
        if (free >= request.Least)
            return Math.Min(allowed, free);
        throw request.IsSpot
            ? new Ec2RefusedException("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
            : new Ec2RefusedException(
                "VcpuLimitExceeded",
                $"You have requested more vCPU capacity than your current vCPU limit of {quota} allows for the instance bucket that the specified instance type belongs to.");
    }

    private (string Zone, int Fit) FindRoom(Ec2LaunchRequest request, int wanted)
    {
        var (type, market) = (request.Type.Name, request.Market);
        var offering = _settings.Zones.Where(z => _settings.Offers(type, z)).ToList();
        if (request.Zone is { } asked && !offering.Contains(asked))
        {
            throw new Ec2RefusedException(
                "Unsupported",
                $"Your requested instance type ({type}) is not supported in your requested Availability Zone ({asked}). "
                + $"Please retry your request by not specifying an Availability Zone or choosing {string.Join(", ", offering)}.");
        }

        if (offering.Count == 0)
            throw new Ec2RefusedException("Unsupported", "The requested configuration is currently not supported. Please check the documentation for supported configurations.");
        var rooms = offering.ToDictionary(z => z, z => Room(type, z, market));
        if (request.Zone is { } zone)
        {
            var room = LaunchFault(Ec2FaultKind.NoCapacity, type, zone, market) is null ? rooms[zone] : 0;
            return room >= request.Least ? (zone, room) : throw NoCapacity(request, [.. rooms.Where(r => r.Key != zone && r.Value >= request.Least).Select(r => r.Key)]);
        }

        var best = rooms.Where(r => r.Value >= request.Least).OrderByDescending(r => Math.Min(r.Value, wanted)).ThenBy(_ => _luck.Next())
            .Select(r => r.Key).FirstOrDefault(z => LaunchFault(Ec2FaultKind.NoCapacity, type, z, market) is null);
        return best is null ? throw NoCapacity(request, []) : (best, rooms[best]);
    }

    private int Room(string type, string zone, string market) => _settings.Capacity
        .Where(c => c.Covers(type, zone, market))
        .Select(c => c.Count - _live.Count(i => c.Covers(i.Launch.Type.Name, i.Subnet.Zone, i.Launch.Market)))
        .DefaultIfEmpty(int.MaxValue)
        .Min();

    // The message for on demand names the zones that could serve it [S, I]; the one for spot names none [M].
    private static Ec2RefusedException NoCapacity(Ec2LaunchRequest request, IReadOnlyList<string> others)
    {
        var type = request.Type.Name;
        var text = request switch
        {
            { IsSpot: true } => "There is no Spot capacity available that matches your request.",
            { Zone: null } => $"We currently do not have sufficient {type} capacity in zones with support for the requested volumes. "
                + "Our system will be working on provisioning additional capacity.",
            _ => $"We currently do not have sufficient {type} capacity in the Availability Zone you requested ({request.Zone}). "
                + "Our system will be working on provisioning additional capacity."
                + (others.Count == 0 ? "" : $" You can currently get {type} capacity by not specifying an Availability Zone in your request or choosing {string.Join(", ", others)}."),
        };
        return new Ec2RefusedException("InsufficientInstanceCapacity", text, 500);
    }

    private int FreeAddresses(Ec2Subnet subnet, int least)
    {
        var free = subnet.Addresses - _live.Count(i => i.Subnet.Id == subnet.Id);
        return free >= least
            ? free
            : throw new Ec2RefusedException(
                "InsufficientFreeAddressesInSubnet", $"The specified subnet '{subnet.Id}' does not have enough free addresses to satisfy the request.");
    }

    private List<Ec2Instance> Start(Ec2LaunchRequest request, Ec2Call call, string zone, Ec2Subnet subnet, int count)
    {
        var reservation = NewId("r");
        var launch = request.ToLaunch(zone, call.Caller);
        var instances = Enumerable.Range(0, count).Select(i => Make(request, launch, reservation, i, subnet, call.Now)).ToList();
        foreach (var instance in instances)
        {
            _instances.Add(instance);
            _byId.Add(instance.Id, instance);
            _live.Add(instance);
        }

        Advance(call.Now);
        return instances;
    }

    private Ec2Instance Make(Ec2LaunchRequest request, Ec2Launch launch, string reservation, int index, Ec2Subnet subnet, DateTimeOffset now)
    {
        Ec2Fault? Fault(Ec2FaultKind kind) => LaunchFault(kind, launch.Type.Name, launch.Zone, launch.Market);
        var number = _instances.Count + index;
        var never = Fault(Ec2FaultKind.NeverBoots) is not null;
        var visible = now + (Fault(Ec2FaultKind.ShownLate)?.Delay ?? TimeSpan.Zero);
        var tagged = now + (Fault(Ec2FaultKind.TagsLate)?.Delay ?? TimeSpan.Zero);
        var running = now + (_settings.Pending < _settings.Boot ? _settings.Pending : _settings.Boot);
        return new Ec2Instance
        {
            Id = NewId("i"),
            Reservation = reservation,
            LaunchIndex = index,
            Launch = launch,
            Subnet = subnet,
            LaunchedAt = now,
            Volumes = [.. request.Volumes.Select(v => v with { Id = NewId("vol"), Tags = launch.VolumeTags })],
            Address = $"172.{16 + (number / 64_000 % 16)}.{number / 250 % 256}.{4 + (number % 250)}",
            SpotRequest = launch.IsSpot ? NewId("sir") : null,
            VisibleAt = visible,
            TagsVisibleAt = tagged,
            RunningAt = running,
            BootsAt = never ? null : now + _settings.Boot,
            FailsToStart = Fault(Ec2FaultKind.FailsToStart) is not null,
            Tags = new Dictionary<string, string>(request.InstanceTags),
            InterruptAt = launch.IsSpot && _settings.InterruptionsPerHour > 0
                ? running + _luck.Exponential(TimeSpan.FromHours(1 / _settings.InterruptionsPerHour))
                : null,
        };
    }
}
