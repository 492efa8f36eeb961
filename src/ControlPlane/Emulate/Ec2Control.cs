using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.Emulate;

/// <summary>What tests and people do with the emulator that EC2 itself does not offer: faults, capacity, prices, interruptions, the book and the bill.</summary>
internal static class Ec2Control
{
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>A spot price to set.</summary>
    public sealed record SpotPrice(string Type, string Zone, decimal Price);

    public static void Map(WebApplication app, Ec2Server server)
    {
        var control = app.MapGroup("/emulator");
        control.MapGet("/log", () => Answer(server.With((r, now) => r.LogAt(now))));
        control.MapGet("/instances", () => Answer(server.With((r, now) => r.LogAt(now).Where(e => e.State is not ("terminated" or "stopped")).ToList())));
        control.MapGet("/bill", () => Answer(server.With((r, now) => r.BillAt(now))));
        control.MapGet("/calls", () => Answer(server.With((r, _) => r.Calls.ToList())));
        control.MapGet("/counts", () => Answer(server.With((r, _) => r.CallCounts.ToDictionary())));
        control.MapGet("/settings", () => Answer(server.With((r, _) => r.Settings)));
        control.MapPatch("/settings", (HttpRequest request) => OnBody<JsonObject>(request, changes => Change(server, changes)));
        control.MapGet("/faults", () => Answer(server.With((r, _) => r.Faults.Select(f => new { f.Fault, f.Hits }).ToList())));
        control.MapPost("/faults", (HttpRequest request) => OnBody<List<Ec2Fault>>(request, faults => AddFaults(server, faults)));
        control.MapDelete("/faults", () => Done(server.With((r, _) => Do(r.ClearFaults))));
        control.MapPut("/capacity", (HttpRequest request) => OnBody<List<Ec2Capacity>>(request, capacity => Change(server, new JsonObject
        {
            ["capacity"] = JsonSerializer.SerializeToNode(capacity, _json),
        })));
        control.MapPut("/prices", (HttpRequest request) => OnBody<List<SpotPrice>>(request, prices => SetPrices(server, prices)));
        control.MapPost("/instances/{id}/interrupt", (string id) => OnInstance(server, id, (r, i, now) => r.Interrupt(i, Ec2EndCause.SpotCapacity, now), "it is no spot instance, or already ending"));
        control.MapPost("/instances/{id}/crash", (string id) => OnInstance(server, id, (r, i, now) => r.Crash(i, now), "it has already ended"));
        control.MapPost("/instances/{id}/terminate", (string id) => OnInstance(server, id, (r, i, now) => r.EndByHand(i, now), "it has already ended"));
        control.MapPost("/instances/{id}/exit", (string id) => OnInstance(server, id, (r, i, now) => r.GuestExited(i, now), "it has already ended"));
        control.MapPost("/instances/{id}/impair", (string id) => OnInstance(server, id, (_, i, _) => i.IsImpaired = true, ""));
        control.MapPost("/reset", (HttpRequest request) => OnBody<JsonObject>(request, changes => Reset(server, changes)));
    }

    private static IResult Answer<T>(T value) => Results.Json(value, _json);

    private static IResult Done(bool _ = true) => Results.NoContent();

    private static IResult Bad(string detail) => Results.Problem(detail, statusCode: 400, title: "The emulator does not understand");

    private static bool Do(Action action)
    {
        action();
        return true;
    }

    private static async Task<IResult> OnBody<T>(HttpRequest request, Func<T, IResult> use)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(request.Body, _json, request.HttpContext.RequestAborted) is { } body ? use(body) : Bad("The body is null.");
        }
        catch (JsonException e)
        {
            return Bad(e.Message);
        }
    }

    private static IResult OnInstance(Ec2Server server, string id, Func<Ec2Region, Ec2Instance, DateTimeOffset, bool> use, string refusal) => server.With((region, now) =>
        region.Find(id) is not { } instance ? Results.Problem($"There is no instance {id}.", statusCode: 404)
        : use(region, instance, now) ? Done()
        : Results.Problem($"Nothing happens to {id}: {refusal}.", statusCode: 409));

    private static IResult AddFaults(Ec2Server server, List<Ec2Fault> faults)
    {
        if (faults.Select(f => f.Fault()).FirstOrDefault(f => f is not null) is { } wrong)
            return Bad(wrong);
        return Done(server.With((region, _) => Do(() => faults.ForEach(region.AddFault))));
    }

    private static IResult SetPrices(Ec2Server server, List<SpotPrice> prices) => server.With((region, now) =>
    {
        foreach (var price in prices)
        {
            if (region.Settings.Types.All(t => t.Name != price.Type) || !region.Settings.Zones.Contains(price.Zone) || price.Price <= 0)
                return Bad($"There is no type {price.Type} in a zone {price.Zone}, or {price.Price} is no price.");
        }

        foreach (var price in prices)
            region.SetSpotPrice(region.Settings.Types.First(t => t.Name == price.Type), price.Zone, price.Price, now);
        return Done();
    });

    private static IResult Change(Ec2Server server, JsonObject changes) => server.With((region, _) =>
    {
        var (settings, wrong) = Merge(region.Settings, changes);
        if (settings is null)
            return Bad(wrong);
        region.Settings = settings;
        return Done();
    });

    private static IResult Reset(Ec2Server server, JsonObject changes)
    {
        if (changes.Count == 0)
        {
            server.Reset(null);
            return Done();
        }

        var (settings, wrong) = Merge(server.With((r, _) => r.Settings), changes);
        if (settings is null)
            return Bad(wrong);
        server.Reset(settings);
        return Done();
    }

    private static (Ec2Settings? Settings, string Wrong) Merge(Ec2Settings settings, JsonObject changes)
    {
        try
        {
            var merged = JsonSerializer.SerializeToNode(settings, _json)!.AsObject();
            foreach (var (name, value) in changes)
                merged[name] = value?.DeepClone();
            var changed = merged.Deserialize<Ec2Settings>(_json)!;
            var faults = changed.Faults().ToList();
            return faults.Count == 0 ? (changed, "") : (null, string.Join(' ', faults));
        }
        catch (JsonException e)
        {
            return (null, e.Message);
        }
    }
}
