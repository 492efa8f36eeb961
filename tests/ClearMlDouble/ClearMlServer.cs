using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ControlPlane.ClearMlDouble;

/// <summary>A request and its answer, for tests that compare them with the schema.</summary>
public sealed record RecordedCall(string Call, string? Version, JsonObject Request, int Status, JsonNode? Data);

/// <summary>
/// A double of a ClearML server over HTTP on the loopback: the part of the API that autoscalers and agents use, with its envelope, its page limit, tokens that end,
/// and, when told so, the trouble that real ones make.
/// </summary>
public sealed class ClearMlServer : IAsyncDisposable
{
    public const string AccessKey = "ACCESS";
    public const string SecretKey = "SECRET";

    private readonly TimeProvider _time;
    private readonly ServerCalls _calls;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = [];
    private WebApplication? _app;
    private int _issued;

    public ClearMlServer(TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        Model = new ServerModel(_time);
        _calls = new ServerCalls(Model, () => PageCap);
    }

    public ServerModel Model { get; }

    public string Url { get; private set; } = "";

    /// <summary>Serves https with it; null serves http.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Refuses clients that show no certificate.</summary>
    public bool AsksForClientCertificate { get; set; }

    /// <summary>The most rows of an answer: 500 on a stock server.</summary>
    public int PageCap { get; set; } = 500;

    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromHours(1);

    public string ApiVersion { get; set; } = "2.31";

    /// <summary>How many of the next requests are answered 429.</summary>
    public int Throttled { get; set; }

    /// <summary>How many of the next requests are answered 503.</summary>
    public int Unavailable { get; set; }

    /// <summary>A proxy in front answers with a page of its own.</summary>
    public bool Html { get; set; }

    /// <summary>Called before a call is carried out: what happens at the wrong moment.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>Called when a call was carried out and its answer is about to be sent; true loses the answer.</summary>
    public Func<string, bool>? LosesAnswer { get; set; }

    /// <summary>Replaces the data of an answer.</summary>
    public Func<string, JsonObject, JsonNode?>? Falsify { get; set; }

    /// <summary>Whether requests are kept in <see cref="Recorded"/>.</summary>
    public bool Records { get; set; }

    public ConcurrentQueue<RecordedCall> Recorded { get; } = [];

    /// <summary>Requests by call.</summary>
    public ConcurrentDictionary<string, int> Requests { get; } = [];

    public int RequestCount => Requests.Values.Sum();

    /// <summary>Listens on the loopback, on the given port or on a free one.</summary>
    public async Task<ClearMlServer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port, listen =>
        {
            if (Certificate is not null)
            {
                listen.UseHttps(Certificate, https =>
                {
                    https.ClientCertificateMode = AsksForClientCertificate ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate;
                    https.AllowAnyClientCertificate();
                });
            }
        }));
        _app = builder.Build();
        _app.Run(AnswerAsync);
        await _app.StartAsync();
        Url = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return this;
    }

    /// <summary>The server is gone; nothing listens at its address.</summary>
    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.DisposeAsync();
        }
    }

    /// <summary>All tokens end at once, as when the server is given another secret.</summary>
    public void EndTokens() => _tokens.Clear();

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        http.Response.Headers.Date = _time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        var parts = http.Request.Path.Value!.Trim('/').Split('/');
        var call = parts[^1];
        var version = parts.Length == 2 && parts[0].StartsWith('v') ? parts[0][1..] : null;
        Requests.AddOrUpdate(call, 1, (_, n) => n + 1);
        if (Html)
        {
            http.Response.ContentType = "text/html";
            await http.Response.WriteAsync("<html><head><title>Welcome to the proxy</title></head></html>");
            return;
        }

        if (Throttled > 0)
        {
            Throttled--;
            await PlainAsync(http, StatusCodes.Status429TooManyRequests, "Too many requests");
            return;
        }

        if (Unavailable > 0)
        {
            Unavailable--;
            await PlainAsync(http, StatusCodes.Status503ServiceUnavailable, "no healthy upstream");
            return;
        }

        var request = await ReadAsync(http);
        JsonNode? data = new JsonObject();
        var (code, subcode, message) = (200, 0, "OK");
        try
        {
            Before?.Invoke(call);
            data = call == "auth.login" ? Login(http) : Answer(http, call, version, request);
            if (Falsify?.Invoke(call, request) is { } forged)
                data = forged;
        }
        catch (ModelException fault)
        {
            (code, subcode, message) = (fault.Code, fault.Subcode, fault.Message);
        }

        if (Records)
            Recorded.Enqueue(new RecordedCall(call, version, request, code, data?.DeepClone()));
        if (LosesAnswer?.Invoke(call) == true)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartObject("meta");
        json.WriteString("id", "m");
        json.WriteString("trx", "m");
        json.WriteStartObject("endpoint");
        json.WriteString("name", call);
        json.WriteNumber("requested_version", double.Parse(version ?? ApiVersion, CultureInfo.InvariantCulture));
        json.WriteNumber("actual_version", double.Parse(ApiVersion, CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteNumber("result_code", code);
        json.WriteNumber("result_subcode", subcode);
        json.WriteString("result_msg", message);
        json.WriteString("error_stack", "");
        json.WriteEndObject();
        json.WritePropertyName("data");
        data!.WriteTo(json);
        json.WriteEndObject();
    }

    private JsonObject Login(HttpContext http)
    {
        var expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{AccessKey}:{SecretKey}"));
        if (http.Request.Headers.Authorization != expected)
            throw new ModelException(401, 22, "Unauthorized (invalid credentials) (failed to locate provided credentials)");
        var now = _time.GetUtcNow();
        var claims = new JsonObject { ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = (now + TokenLifetime).ToUnixTimeSeconds(), ["api_version"] = ApiVersion, ["n"] = ++_issued };
        var token = $"e30.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}.signature";
        _tokens[token] = now + TokenLifetime;
        return new JsonObject { ["token"] = token };
    }

    private JsonNode Answer(HttpContext http, string call, string? version, JsonObject request)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.Ordinal) || !_tokens.TryGetValue(header[7..], out var until) || until <= _time.GetUtcNow())
            throw new ModelException(401, 30, "Unauthorized (invalid token)");
        if (version is not null && Number(version) > Number(ApiVersion))
            throw new ModelException(400, 0, $"Invalid API version (max. supported version is {ApiVersion})");
        return _calls.Answer(call, request);
    }

    private static async Task<JsonObject> ReadAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var text = await reader.ReadToEndAsync();
        return string.IsNullOrWhiteSpace(text) ? [] : JsonNode.Parse(text)!.AsObject();
    }

    private static async Task PlainAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain";
        await http.Response.WriteAsync(text);
    }

    /// <summary>2.9 is before 2.13.</summary>
    private static int Number(string version)
    {
        var parts = version.Split('.');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture) * 1_000) + int.Parse(parts[1], CultureInfo.InvariantCulture);
    }
}
