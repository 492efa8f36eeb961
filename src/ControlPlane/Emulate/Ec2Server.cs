using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ControlPlane.Http;
using ControlPlane.Simulation.Ec2;

namespace ControlPlane.Emulate;

/// <summary>How an emulator of EC2 is started.</summary>
public sealed record Ec2ServerOptions
{
    /// <summary>The port on the loopback; 0 for any that is free.</summary>
    public int Port { get; init; }

    /// <summary>The region as it is at first.</summary>
    public Ec2Settings Settings { get; init; } = new();

    /// <summary>Faults that are in force from the start.</summary>
    public IReadOnlyList<Ec2Fault> Faults { get; init; } = [];
}

/// <summary>
/// An emulated EC2 over HTTP on the loopback: the query protocol at <c>/</c>, and what tests need at <c>/emulator</c>. It keeps nothing: whoever ends it
/// ends its region.
/// </summary>
public sealed class Ec2Server : IAsyncDisposable
{
    private const int MostBody = 1 << 20;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Ec2ServerOptions _options;
    private readonly ITimer _clock;
    private WebApplication? _app;
    private Ec2Region _region;

    private Ec2Server(Ec2ServerOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _region = NewRegion(options.Settings);
        _clock = time.CreateTimer(_ => With((_, _) => 0), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Where it listens: the SDK's <c>ServiceURL</c>.</summary>
    public Uri Url { get; private set; } = new("http://127.0.0.1");

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<Ec2Server> StartAsync(Ec2ServerOptions options, TimeProvider time, CancellationToken cancel = default)
    {
        var server = new Ec2Server(options, time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.Limits.MaxRequestBodySize = MostBody;
            kestrel.AddServerHeader = false;
        });
        var app = server._app = builder.Build();
        Ec2Control.Map(app, server);
        app.MapPost("/", server.AnswerAsync);
        await app.StartAsync(cancel);
        server.Url = new Uri(app.Urls.First());
        return server;
    }

    /// <summary>Looks at, or changes, the region at the present time. Nobody else does meanwhile.</summary>
    public T With<T>(Func<Ec2Region, DateTimeOffset, T> use)
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            _region.Advance(now);
            var result = use(_region, now);
            _clock.Change(_region.NextChange is { } next ? Until(next, now) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return result;
        }
    }

    /// <summary>Begins anew: a region as at the start, with its faults, and nothing in it.</summary>
    /// <param name="settings">Other settings than at the start; null for the same.</param>
    public void Reset(Ec2Settings? settings)
    {
        lock (_gate)
            _region = NewRegion(settings ?? _options.Settings);
    }

    public async ValueTask DisposeAsync()
    {
        await _clock.DisposeAsync();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    private Ec2Region NewRegion(Ec2Settings settings)
    {
        var region = new Ec2Region(settings, _time.GetUtcNow());
        foreach (var fault in _options.Faults)
            region.AddFault(fault);
        return region;
    }

    private static TimeSpan Until(DateTimeOffset next, DateTimeOffset now)
    {
        var wait = next - now;
        return wait > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1);
    }

    /// <summary>A request of Service Quotas, whose action stands in a header and whose parameters are the members of a JSON object.</summary>
    private static async Task<Dictionary<string, string>> JsonParametersAsync(HttpRequest request, string target)
    {
        const string Quotas = "ServiceQuotasV20190624.";
        var parameters = new Dictionary<string, string>();
        try
        {
            var body = await JsonNode.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted) as JsonObject;
            foreach (var (name, value) in body ?? [])
                parameters[name] = value?.ToString() ?? "";
        }
        catch (JsonException)
        {
            // Without its parameters it is refused.
        }

        // A target of another service has no version that the region knows.
        parameters["Action"] = target[(target.IndexOf('.', StringComparison.Ordinal) + 1)..];
        parameters["Version"] = target.StartsWith(Quotas, StringComparison.Ordinal) ? Ec2Region.QuotasVersion : "";
        return parameters;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var parameters = context.Request.Headers["X-Amz-Target"].ToString() is { Length: > 0 } target
            ? await JsonParametersAsync(context.Request, target)
            : (await context.Request.ReadFormAsync(context.RequestAborted)).ToDictionary(f => f.Key, f => f.Value.ToString());
        var request = new Ec2Request(Ec2Signature.AccessKeyOf(context.Request), parameters);
        var ticket = With((region, now) => region.Receive(request, now));
        // The caller's patience does not matter from here on: what was let in takes effect.
        if (ticket.WaitBefore > TimeSpan.Zero)
            await _time.DelayAsync(ticket.WaitBefore, CancellationToken.None);
        var answer = With((region, now) => region.Serve(ticket, now));
        if (answer.Delay > TimeSpan.Zero)
            await _time.DelayAsync(answer.Delay, context.RequestAborted);
        if (answer.IsLost)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        await context.Response.WriteAsync(answer.Body, context.RequestAborted);
    }
}

/// <summary>Reads who signed a request. Signatures are not verified: the emulator knows no secrets.</summary>
internal static class Ec2Signature
{
    private const string Scheme = "AWS4-HMAC-SHA256 ";
    private const string Credential = "Credential=";

    /// <returns>The access key; null if the request is not signed in the way of version 4.</returns>
    public static string? AccessKeyOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.Ordinal))
            return null;
        var credential = header[Scheme.Length..].Split(',').Select(p => p.Trim()).FirstOrDefault(p => p.StartsWith(Credential, StringComparison.Ordinal));
        return credential?[Credential.Length..].Split('/') is [{ Length: > 0 } key, _, _, _, "aws4_request"] ? key : null;
    }
}
