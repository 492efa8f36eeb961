using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary>How the command line talks to a server.</summary>
public sealed record ApiSettings
{
    public required Uri Server { get; init; }

    /// <summary>Sent as a bearer token; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>How long one request may take: 100 ms to 1 h. A stream has this long to begin.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a read is tried while the server is away or says that it is not ready: 1 to 10.</summary>
    public int Attempts { get; init; } = 4;

    /// <summary>The pause before the second attempt; it doubles, and varies by half so that many clients do not return together.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(200);
}

/// <summary>A request to the API.</summary>
/// <param name="Method">GET and DELETE are repeated when the server is away; so is a POST with a key.</param>
/// <param name="Path">From the root, e.g. <c>/api/v1/queues</c>.</param>
public sealed record ApiRequest(HttpMethod Method, string Path)
{
    public string? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public string Accept { get; init; } = "application/json";

    /// <summary>The revision that a change was made from; null if any will do.</summary>
    public string? IfMatch { get; init; }

    /// <summary>Makes a repeated POST harmless.</summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>A successful answer.</summary>
public sealed record ApiAnswer(int Status, string Body, string? ContentType)
{
    /// <summary>The body as JSON; null if it is empty.</summary>
    /// <exception cref="UnreachableServerException">It is no JSON: something else answers at that address.</exception>
    public JsonNode? Json()
    {
        try
        {
            return Body.Length == 0 ? null : JsonNode.Parse(Body);
        }
        catch (JsonException)
        {
            throw new UnreachableServerException("What answers at that address is no ControlPlane: its answer is not JSON. Check --server.");
        }
    }
}

/// <summary>The API of one server. Refusals are <see cref="RefusedException"/>, silence is <see cref="UnreachableServerException"/>.</summary>
public sealed class ApiClient : IDisposable
{
    private const long MostBytes = 64 * 1024 * 1024;
    private static readonly Meter _meter = new("ControlPlane");
    private static readonly Counter<long> _requests = _meter.CreateCounter<long>("controlplane.cli.requests", description: "Requests of the command line, by outcome");

    private readonly ApiSettings _settings;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public ApiClient(ApiSettings settings, HttpMessageHandler handler, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        _http = new HttpClient(handler) { BaseAddress = settings.Server, Timeout = System.Threading.Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MostBytes };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("controlplane-cli", VersionText.Number));
        if (settings.Token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", settings.Token);
    }

    public Uri Server => _settings.Server;

    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancel) => (await SendAsync(new ApiRequest(HttpMethod.Get, path), cancel)).Json();

    public async Task<JsonNode?> PostAsync(string path, JsonNode? body, CancellationToken cancel) =>
        (await SendAsync(new ApiRequest(HttpMethod.Post, path) { Body = body?.ToJsonString() }, cancel)).Json();

    public async Task<ApiAnswer> SendAsync(ApiRequest request, CancellationToken cancel)
    {
        var repeatable = request.Method == HttpMethod.Get || request.IdempotencyKey is not null;
        for (var attempt = 1; ; attempt++)
        {
            var last = attempt >= _settings.Attempts || !repeatable;
            try
            {
                using var response = await OpenAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
                var body = await response.Content.ReadAsStringAsync(cancel);
                if (response.IsSuccessStatusCode)
                    return new ApiAnswer((int)response.StatusCode, body, response.Content.Headers.ContentType?.MediaType);

                if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
                    throw new RefusedException(Problem.Read((int)response.StatusCode, body));

                if (last)
                {
                    var problem = Problem.Read(503, body);
                    throw new UnreachableServerException($"{_settings.Server} is not ready: {(problem.Detail.Length > 0 ? problem.Detail : problem.Title)}");
                }
            }
            catch (HttpRequestException e) when (!last && IsAway(e))
            {
                _requests.Add(1, new KeyValuePair<string, object?>("outcome", "retried"));
            }
            catch (HttpRequestException e)
            {
                throw new UnreachableServerException($"{_settings.Server} does not answer: {Words(e)} Is a node running there? See --server.", e);
            }

            await PauseAsync(attempt, cancel);
        }
    }

    /// <summary>The items of a list, page by page.</summary>
    /// <param name="path">With its filters, e.g. <c>/api/v1/tasks?queue=default</c>.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancel">Ends it.</param>
    public async IAsyncEnumerable<JsonNode> ListAsync(string path, int most, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? after = null;
        do
        {
            var page = await GetAsync(With(path, $"limit={Math.Min(most, 500)}{(after is null ? "" : "&after=" + Uri.EscapeDataString(after))}"), cancel);
            foreach (var item in page.Items("items"))
            {
                if (most-- == 0)
                    yield break;
                yield return item;
            }

            after = page.Text("next");
        }
        while (after is not null && most > 0);
    }

    /// <summary>The server's events from now on, until it ends the stream.</summary>
    public async IAsyncEnumerable<SseItem<string>> EventsAsync(string path, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var response = await OpenStreamAsync(new ApiRequest(HttpMethod.Get, path) { Accept = "text/event-stream" }, cancel);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancel))
            yield return item;
    }

    /// <summary>A text as it arrives, until the server ends it.</summary>
    public async IAsyncEnumerable<string> TextAsync(string path, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var response = await OpenStreamAsync(new ApiRequest(HttpMethod.Get, path) { Accept = "text/plain" }, cancel);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancel), Encoding.UTF8);
        var buffer = new char[4096];
        for (int read; (read = await reader.ReadAsync(buffer, cancel)) > 0;)
            yield return new string(buffer, 0, read);
    }

    public void Dispose() => _http.Dispose();

    internal static string With(string path, string query) => $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}";

    private async Task<HttpResponseMessage> OpenStreamAsync(ApiRequest request, CancellationToken cancel)
    {
        HttpResponseMessage response;
        try
        {
            response = await OpenAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
        catch (HttpRequestException e)
        {
            throw new UnreachableServerException($"{_settings.Server} does not answer: {Words(e)}", e);
        }

        if (response.IsSuccessStatusCode)
            return response;

        using (response)
            throw new RefusedException(Problem.Read((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancel)));
    }

    private async Task<HttpResponseMessage> OpenAsync(ApiRequest request, HttpCompletionOption completion, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(request.Method, request.Path);
        message.Headers.Accept.ParseAdd(request.Accept);
        message.Headers.Accept.ParseAdd("application/problem+json");
        if (request.Body is not null)
            message.Content = new StringContent(request.Body, Encoding.UTF8, request.ContentType);
        if (request.IfMatch is not null)
            message.Headers.TryAddWithoutValidation("If-Match", $"\"{request.IfMatch}\"");
        if (request.IdempotencyKey is not null)
            message.Headers.TryAddWithoutValidation("Idempotency-Key", request.IdempotencyKey);

        using var limit = new CancellationTokenSource(_settings.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            var response = await _http.SendAsync(message, completion, either.Token);
            _requests.Add(1, new KeyValuePair<string, object?>("outcome", response.IsSuccessStatusCode ? "answered" : "refused"));
            return response;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            _requests.Add(1, new KeyValuePair<string, object?>("outcome", "timeout"));
            throw new UnreachableServerException($"{_settings.Server} did not answer within {_settings.Timeout.TotalSeconds:0.#} s. See --timeout.");
        }
    }

    private async Task PauseAsync(int attempt, CancellationToken cancel)
    {
        // Jitter spreads clients; nothing secret or repeatable depends on it.
#pragma warning disable CA5394
        var share = 0.5 + Random.Shared.NextDouble();
#pragma warning restore CA5394
        await _time.PauseAsync(_settings.Pause * (share * Math.Pow(2, attempt - 1)), cancel);
    }

    private static bool IsAway(HttpRequestException e) =>
        e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.ResponseEnded || e.InnerException is SocketException;

    private static string Words(HttpRequestException e) => e.InnerException switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "the connection was refused.",
        SocketException { SocketErrorCode: SocketError.HostNotFound } => "there is no such host.",
        _ => e.Message.TrimEnd('.') + ".",
    };
}

/// <summary>Waiting on a clock that tests may own.</summary>
internal static class Pauses
{
    public static async Task PauseAsync(this TimeProvider time, TimeSpan length, CancellationToken cancel)
    {
        if (length < TimeSpan.FromMilliseconds(1))
            return;

        using var timer = new PeriodicTimer(length, time);
        await timer.WaitForNextTickAsync(cancel);
    }
}
