using System.Diagnostics;
using System.Xml.Linq;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Ec2;

/// <summary>What is to happen to a guest.</summary>
public abstract record Ec2GuestOrder(Ec2Instance Instance)
{
    /// <summary>Its machine has booted.</summary>
    public sealed record Start(Ec2Instance Of) : Ec2GuestOrder(Of);

    /// <summary>Its machine begins to end: it is asked to.</summary>
    public sealed record Stop(Ec2Instance Of) : Ec2GuestOrder(Of);

    /// <summary>Its machine is gone, and it with it.</summary>
    public sealed record Kill(Ec2Instance Of) : Ec2GuestOrder(Of);
}

/// <summary>
/// One account in one region of an emulated EC2, with a book and a bill of its own. docs/emulator-ec2.md says what it does and where each behaviour is
/// known from. Time is a parameter that never goes back, chance comes from the seed; it is not safe for threads.
/// </summary>
public sealed partial class Ec2Region
{
    private const int MostCallsKept = 200_000;

    private readonly List<Ec2Instance> _instances = [];
    private readonly Dictionary<string, Ec2Instance> _byId = [];
    private readonly HashSet<Ec2Instance> _live = [];
    private readonly List<Ec2GuestOrder> _orders = [];
    private readonly Queue<Ec2CallRecord> _calls = [];
    private readonly Dictionary<string, long> _callCounts = [];
    private readonly List<FaultInForce> _faults = [];
    private readonly Ec2Buckets _buckets = new();
    private readonly Dice _ids;
    private readonly Dice _luck;
    private Ec2Settings _settings;

    public Ec2Region(Ec2Settings settings, DateTimeOffset now)
    {
        _settings = settings;
        var dice = new Dice(settings.Seed);
        (_ids, _luck) = (dice.Split(1), dice.Split(2));
        Prices = new Ec2Prices(settings.Seed, now);
        StartedAt = now;
    }

    private sealed class FaultInForce(Ec2Fault fault)
    {
        public Ec2Fault Fault => fault;

        public int Hits { get; set; }

        public bool IsOver => Hits >= fault.Times;
    }

    public DateTimeOffset StartedAt { get; }

    public Ec2Prices Prices { get; }

    /// <summary>What a guest has written on its console; null for an instance without a guest, which shows what a boot would write.</summary>
    public Func<string, string?> Console { get; set; } = _ => null;

    public Ec2Settings Settings
    {
        get => _settings;
        set => _settings = value with { Seed = _settings.Seed };
    }

    /// <summary>Every instance that ever was, in the order of launch.</summary>
    public IReadOnlyList<Ec2Instance> Instances => _instances;

    /// <summary>The faults in force, each with how often it hit.</summary>
    public IReadOnlyList<(Ec2Fault Fault, int Hits)> Faults => [.. _faults.Select(f => (f.Fault, f.Hits))];

    /// <summary>The last calls, oldest first.</summary>
    public IReadOnlyCollection<Ec2CallRecord> Calls => _calls;

    /// <summary>How many calls there were, by action and outcome: <c>RunInstances:ok</c>, <c>RunInstances:RequestLimitExceeded</c>.</summary>
    public IReadOnlyDictionary<string, long> CallCounts => _callCounts;

    public void AddFault(Ec2Fault fault) => _faults.Add(new FaultInForce(fault));

    public void ClearFaults() => _faults.Clear();

    public Ec2Instance? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>What guests' keepers have to do since they last asked.</summary>
    public IReadOnlyList<Ec2GuestOrder> TakeOrders()
    {
        IReadOnlyList<Ec2GuestOrder> orders = [.. _orders];
        _orders.Clear();
        return orders;
    }

    /// <summary>Lets a request in, or not: credentials, permission, throttling, faults. Serve the ticket after its wait.</summary>
    public Ec2Ticket Receive(Ec2Request request, DateTimeOffset now)
    {
        var action = request.Parameters.GetValueOrDefault("Action", "");
        var refusal = Refuse(request, action, now);
        if (refusal is not null)
            return new Ec2Ticket { Request = request, Action = action, Refusal = refusal };
        var hits = _faults.Where(f => !f.Fault.IsOfLaunch && Concerns(f, action, request.Parameters) && Hit(f)).Select(f => f.Fault).ToList();
        return new Ec2Ticket
        {
            Request = request,
            Action = action,
            Fault = hits.FirstOrDefault(f => f.Kind is not (Ec2FaultKind.Delay or Ec2FaultKind.LateEffect)) ?? hits.FirstOrDefault(),
            AnswerDelay = hits.Where(f => f.Kind == Ec2FaultKind.Delay).Aggregate(TimeSpan.Zero, (sum, f) => sum + f.Delay),
            WaitBefore = hits.Where(f => f.Kind == Ec2FaultKind.LateEffect).Aggregate(TimeSpan.Zero, (sum, f) => sum + f.Delay),
        };
    }

    /// <summary>Carries a request out and answers it.</summary>
    public Ec2Answer Serve(Ec2Ticket ticket, DateTimeOffset now)
    {
        Advance(now);
        var call = new Ec2Call(ticket.Request, ticket.Action, now);
        var request = $"{_ids.Next():x16}{_ids.Next():x16}".Insert(20, "-").Insert(16, "-").Insert(12, "-").Insert(8, "-");
        var outcome = Carry(ticket, call, request);
        var launch = ticket.Action == "RunInstances" ? OfferOf(ticket.Request.Parameters) : default;
        Record(new Ec2CallRecord(
            now,
            ticket.Action,
            outcome.Refusal?.Code,
            ticket.Fault?.Kind,
            launch.Type,
            launch.Zone,
            launch.Market,
            call.Instances));
        var isLost = ticket.Fault?.Kind is Ec2FaultKind.Lost or Ec2FaultKind.Dropped && ticket.Refusal is null;
        var answer = outcome.Refusal is { } refusal
            ? new Ec2Answer(refusal.Status, ErrorText(ticket.Request, refusal, request), ticket.AnswerDelay, isLost)
            : new Ec2Answer(200, outcome.Text, ticket.AnswerDelay, isLost);
        return IsQuotas(ticket.Request.Parameters) ? answer with { ContentType = "application/x-amz-json-1.1" } : answer;
    }

    private (string Text, Ec2RefusedException? Refusal) Carry(Ec2Ticket ticket, Ec2Call call, string request)
    {
        try
        {
            if (ticket.Refusal is not null)
                throw ticket.Refusal;
            if (ticket.Fault is { Kind: Ec2FaultKind.Error or Ec2FaultKind.Dropped } before)
                throw before.ToRefusal();
            foreach (var common in (string[])["Action", "Version"])
                call.Parameters.Text(common);
            var text = IsSecurityToken(ticket.Request.Parameters) ? SecurityTokenAnswer(call, request)
                : IsQuotas(ticket.Request.Parameters) ? QuotasAnswer(call)
                : Answer(call, request);
            if (ticket.Fault is { Kind: Ec2FaultKind.ErrorAfter } after)
                throw after.ToRefusal();
            return (text, null);
        }
        catch (Ec2RefusedException refusal)
        {
            return ("", refusal);
        }
    }

    private string Answer(Ec2Call call, string request)
    {
        var content = Handler(call.Action)(call);
        if (!call.IsReady)
            throw new UnreachableException($"{call.Action} did not check its parameters.");
        return Ec2Xml.Document(new XElement(call.Action + "Response", Ec2Xml.Element("requestId", request), content), Ec2Xml.Namespace);
    }

    private Func<Ec2Call, IEnumerable<XElement?>> Handler(string action) => action switch
    {
        "RunInstances" => RunInstances,
        "TerminateInstances" => TerminateInstances,
        "DescribeInstances" => DescribeInstances,
        "CreateTags" => CreateTags,
        "DescribeImages" => DescribeImages,
        "DescribeInstanceTypeOfferings" => DescribeInstanceTypeOfferings,
        "DescribeKeyPairs" => DescribeKeyPairs,
        "DescribeSecurityGroups" => DescribeSecurityGroups,
        "DescribeSpotInstanceRequests" => DescribeSpotInstanceRequests,
        "DescribeSpotPriceHistory" => DescribeSpotPriceHistory,
        "DescribeSubnets" => DescribeSubnets,
        "GetConsoleOutput" => GetConsoleOutput,
        _ => throw new Ec2RefusedException("InvalidAction", $"The action {action} is not valid for this web service, or the emulator does not know it."),
    };

    private Ec2RefusedException? Refuse(Ec2Request request, string action, DateTimeOffset now)
    {
        if (request.AccessKey is null && action != "AssumeRoleWithWebIdentity")
            return new Ec2RefusedException("MissingAuthenticationToken", "The request is missing an authentication token: it must be signed.", 403);
        if (request.AccessKey is not null && _settings.AccessKeys.Count > 0 && !_settings.AccessKeys.Contains(request.AccessKey))
            return new Ec2RefusedException("AuthFailure", "AWS was not able to validate the provided access credentials", 401);
        if (action.Length == 0)
            return new Ec2RefusedException("MissingAction", "The request is missing an action or a required parameter.");
        var version = request.Parameters.GetValueOrDefault("Version", "");
        if (version is not ("2016-11-15" or "2011-06-15" or QuotasVersion))
            return new Ec2RefusedException("NoSuchVersion", $"The requested version ({version}) of service AmazonEC2 does not exist");
        if (_settings.Denied.Contains(action) && version == QuotasVersion)
            return new Ec2RefusedException("AccessDeniedException", $"User is not authorized to perform: servicequotas:{action}");
        if (_settings.Denied.Contains(action))
            return new Ec2RefusedException("UnauthorizedOperation", "You are not authorized to perform this operation.", 403);
        var isFiltered = request.Parameters.Keys.Any(k => k is not ("Action" or "Version" or "DryRun"));
        return _buckets.TakeRequest(action, isFiltered, _settings.LimitScale, now) ? null : Ec2RefusedException.Throttled();
    }

    private bool Concerns(FaultInForce fault, string action, IReadOnlyDictionary<string, string> parameters)
    {
        var rule = fault.Fault;
        if (fault.IsOver || (rule.Action != "*" && rule.Action != action))
            return false;
        if (rule.FromPage is { } first && PageOf(action, parameters) < first)
            return false;
        if (rule.Type is null && rule.Zone is null && rule.Market is null)
            return true;
        return action == "RunInstances" && Concerns(rule, OfferOf(parameters));
    }

    private static bool Concerns(Ec2Fault rule, (string? Type, string? Zone, string? Market) offer) =>
        (rule.Type is null || rule.Type == offer.Type) && (rule.Zone is null || rule.Zone == offer.Zone) && (rule.Market is null || rule.Market == offer.Market);

    // A certain hit draws nothing, so that a fault without chance does not shift what others draw.
    private bool Hit(FaultInForce fault)
    {
        if (fault.Fault.Chance < 1 && !_luck.Chance(fault.Fault.Chance))
            return false;
        fault.Hits++;
        return true;
    }

    /// <summary>The fault of a kind that hits a launch; null if none does.</summary>
    private Ec2Fault? LaunchFault(Ec2FaultKind kind, string type, string zone, string market) => _faults
        .FirstOrDefault(f => !f.IsOver && f.Fault.Kind == kind && Concerns(f.Fault, (type, zone, market)) && Hit(f))?.Fault;

    // What a request says of its offer, before anybody has judged it.
    private (string? Type, string? Zone, string? Market) OfferOf(IReadOnlyDictionary<string, string> parameters)
    {
        var subnet = parameters.GetValueOrDefault("SubnetId") ?? parameters.GetValueOrDefault("NetworkInterface.1.SubnetId");
        return (
            parameters.GetValueOrDefault("InstanceType"),
            parameters.GetValueOrDefault("Placement.AvailabilityZone") ?? _settings.Subnets.FirstOrDefault(s => s.Id == subnet)?.Zone,
            parameters.GetValueOrDefault("InstanceMarketOptions.MarketType") == "spot" ? "spot" : "on-demand");
    }

    private static int PageOf(string action, IReadOnlyDictionary<string, string> parameters)
    {
        try
        {
            return Ec2PageToken.Read(action, parameters.GetValueOrDefault("NextToken")).Page;
        }
        catch (Ec2RefusedException)
        {
            // The list itself will say what is wrong with its token.
            return 1;
        }
    }

    private void Record(Ec2CallRecord call)
    {
        if (_calls.Count == MostCallsKept)
            _calls.Dequeue();
        _calls.Enqueue(call);
        var key = $"{call.Action}:{call.Code ?? "ok"}";
        _callCounts[key] = _callCounts.GetValueOrDefault(key) + 1;
    }

    private string NewId(string prefix) => $"{prefix}-{(_ids.Next() >> 4) | 0x0100000000000000UL:x16}"[..(prefix.Length + 1)] + $"{_ids.Next() & 0xFFFFFFFFFUL:x9}{_ids.Next() & 0xFFFFFFFFUL:x8}";
}
