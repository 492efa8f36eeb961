using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Sources;
using ControlPlane.Providers.ClearMl.Wire;

namespace ControlPlane.Providers.ClearMl;

/// <summary>
/// Calls of one ClearML server: logs in when needed, tries again what may succeed a moment later, and says in one sentence what went wrong. Thread safe.
/// </summary>
internal sealed class ClearMlClient(string source, ClearMlSpec spec, ISecretReader secrets, TimeProvider time) : IDisposable
{
    /// <summary>How often a request is sent at most.</summary>
    private const int MostTries = 4;

    private const int MostOfAText = 200;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest that a server may tell us to wait; what asks for more is asked again with the next look.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _login = new(1);
    private readonly Lazy<HttpClient> _http = new(() => ClearMlHttp.Connect(spec), LazyThreadSafetyMode.PublicationOnly);
    private ClearMlSession? _session;
    private long _skewTicks;

    /// <summary>How far the server's clock is before ours, to about a second, by its last answer.</summary>
    public TimeSpan Skew => TimeSpan.FromTicks(Interlocked.Read(ref _skewTicks));

    /// <summary>The version that is spoken; logs in if need be.</summary>
    /// <exception cref="SourceException">The server cannot be asked.</exception>
    public async Task<ClearMlVersion> VersionAsync(CancellationToken cancel) => (await SessionAsync(null, cancel)).Version;

    /// <summary>Makes a call.</summary>
    /// <exception cref="SourceException">The server cannot be asked, or its answer cannot be believed.</exception>
    /// <exception cref="ClearMlFault">The server refused the call.</exception>
    public async Task<TAnswer> CallAsync<TRequest, TAnswer>(
        string call, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancel)
        where TAnswer : class
    {
        var session = await SessionAsync(null, cancel);
        var body = JsonSerializer.SerializeToUtf8Bytes(request, requestType);
        try
        {
            return await AnswerAsync(session);
        }
        catch (ClearMlFault fault) when (fault.Code == 401)
        {
            // The token has ended early: the server was restarted with another secret, or the login was revoked.
            return await AnswerAsync(await SessionAsync(session, cancel));
        }

        Task<TAnswer> AnswerAsync(ClearMlSession login) =>
            SendAsync(call, $"v{login.Version}/{call}", new AuthenticationHeaderValue("Bearer", login.Token), body, answerType, cancel);
    }

    public void Dispose()
    {
        _login.Dispose();
        if (_http.IsValueCreated)
            _http.Value.Dispose();
    }

    /// <summary>The login in force; a new one in place of <paramref name="refused"/>, or when the time to renew has come.</summary>
    private async Task<ClearMlSession> SessionAsync(ClearMlSession? refused, CancellationToken cancel)
    {
        if (_session is { } known && known != refused && time.GetUtcNow() < known.RenewAt)
            return known;
        await _login.WaitAsync(cancel);
        try
        {
            if (_session is { } other && other != refused && time.GetUtcNow() < other.RenewAt)
                return other;
            return _session = await LoginAsync(cancel);
        }
        finally
        {
            _login.Release();
        }
    }

    private async Task<ClearMlSession> LoginAsync(CancellationToken cancel)
    {
        string credentials;
        try
        {
            credentials = $"{secrets.Read(spec.AccessKey)}:{secrets.Read(spec.SecretKey)}";
        }
        catch (SecretException fault)
        {
            throw new SourceException($"The credentials of ClearML at {spec.Url} cannot be read: {fault.Message}", fault);
        }

        try
        {
            var basic = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
            var answer = await SendAsync("auth.login", "auth.login", basic, "{}"u8.ToArray(), SourceJson.Default.AuthLoginResponse, cancel);
            if (string.IsNullOrEmpty(answer.Token))
                throw Implausible("auth.login", "holds no token");
            var session = ClearMlSession.From(answer.Token, spec.ApiVersion, time.GetUtcNow());
            return session.Version >= ClearMlVersion.Oldest
                ? session
                : throw new SourceException($"ClearML at {spec.Url} speaks version {session.Version} of its API, and {ClearMlVersion.Oldest} or newer is needed. Update the server.");
        }
        catch (ClearMlFault fault) when (fault.Code == 401)
        {
            throw new SourceException($"ClearML at {spec.Url} does not accept the credentials that stand at {spec.AccessKey} and {spec.SecretKey}: {fault.Message}. Make new ones in its settings, or correct them there.", fault);
        }
        catch (ClearMlFault fault)
        {
            throw new SourceException($"ClearML at {spec.Url} refused the login: {fault.Message}.", fault);
        }
    }

    private async Task<TAnswer> SendAsync<TAnswer>(
        string call, string path, AuthenticationHeaderValue authorization, byte[] body, JsonTypeInfo<TAnswer> type, CancellationToken cancel)
        where TAnswer : class
    {
        for (var attempt = 1; ; attempt++)
        {
            var began = time.GetTimestamp();
            var outcome = "failed";
            Retry retry;
            try
            {
                using var limit = new CancellationTokenSource(spec.Timeout, time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
                using var request = new HttpRequestMessage(HttpMethod.Post, path);
                request.Headers.Authorization = authorization;
                request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                using var response = await _http.Value.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
                outcome = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
                if (response.Headers.Date is { } date)
                    Interlocked.Exchange(ref _skewTicks, (date - time.GetUtcNow()).Ticks);
                if (MayPass(response.StatusCode))
                    retry = new Retry($"it answered {(int)response.StatusCode} ({response.ReasonPhrase})", response.Headers.RetryAfter?.Delta, null);
                else
                    return await ReadAsync(call, response, type, both.Token);
            }
            catch (OperationCanceledException fault) when (!cancel.IsCancellationRequested)
            {
                outcome = "timeout";
                retry = new Retry($"there was no answer within {spec.Timeout.TotalSeconds:0.#} s", null, fault);
            }
            catch (HttpRequestException fault) when (fault.InnerException is AuthenticationException)
            {
                throw new SourceException($"The certificate of ClearML at {spec.Url} is not trusted: {fault.InnerException.Message} Name its authority with caFile.", fault);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException)
            {
                outcome = "unreachable";
                retry = new Retry($"it cannot be reached ({fault.Message.TrimEnd('.')})", null, fault);
            }
            finally
            {
                ClearMlMetrics.Request(source, call, outcome, time.GetElapsedTime(began));
            }

            if (attempt == MostTries || retry.Wait > LongestPause)
                throw new SourceException($"ClearML at {spec.Url} did not answer {call}: {retry.Why}; it was tried {attempt} times.", retry.Fault);
            await PauseAsync(retry.Wait ?? (FirstPause * Math.Pow(3, attempt - 1)), cancel);
        }
    }

    /// <summary>Whether the same request may be answered otherwise a moment later.</summary>
    private static bool MayPass(HttpStatusCode status) =>
        status is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    private async Task<TAnswer> ReadAsync<TAnswer>(string call, HttpResponseMessage response, JsonTypeInfo<TAnswer> type, CancellationToken cancel)
        where TAnswer : class
    {
        if ((int)response.StatusCode is >= 300 and < 400)
            throw new SourceException($"ClearML at {spec.Url} answered {call} with {(int)response.StatusCode} and points to {response.Headers.Location}. Write the API server's own address.");
        var media = response.Content.Headers.ContentType?.MediaType;
        var text = await response.Content.ReadAsByteArrayAsync(cancel);
        AnswerEnvelope? envelope;
        try
        {
            envelope = JsonSerializer.Deserialize(text, SourceJson.Default.AnswerEnvelope);
        }
        catch (JsonException fault)
        {
            throw NotAnApi(call, response, media, text, fault);
        }

        if (envelope?.Meta is not { } meta)
            throw NotAnApi(call, response, media, text, null);
        if (meta.ResultCode is not 200 and not 0 || !response.IsSuccessStatusCode)
            throw new ClearMlFault(meta.ResultCode is 0 or 200 ? (int)response.StatusCode : meta.ResultCode, meta.ResultSubcode, $"{meta.ResultMsg ?? "no reason given"} ({meta.ResultCode}/{meta.ResultSubcode})");
        try
        {
            return envelope.Data.ValueKind == JsonValueKind.Object
                ? envelope.Data.Deserialize(type) ?? throw Implausible(call, "is empty")
                : throw Implausible(call, "holds no data");
        }
        catch (JsonException fault)
        {
            throw Implausible(call, $"cannot be read at {fault.Path}: {fault.Message}");
        }
    }

    private SourceException Implausible(string call, string what) => new($"The answer of ClearML at {spec.Url} to {call} {what}.");

    private SourceException NotAnApi(string call, HttpResponseMessage response, string? media, byte[] text, Exception? fault)
    {
        var begin = Encoding.UTF8.GetString(text.AsSpan(0, Math.Min(text.Length, MostOfAText)));
        var clean = new string([.. begin.Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
        return new SourceException(
            $"What answers {call} at {spec.Url} is no ClearML API server: status {(int)response.StatusCode}, {media ?? "no content type"}, beginning '{clean}'. "
            + "A proxy or ClearML's web server may stand there; the API server has its own address (port 8008, or api. in front).",
            fault);
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancel)
    {
        var varied = pause * (1 + (Random.Shared.NextDouble() / 2));
        using var timer = new PeriodicTimer(varied > TimeSpan.Zero ? varied : FirstPause, time);
        await timer.WaitForNextTickAsync(cancel);
    }

    /// <summary>Why a request is sent again, and when.</summary>
    private sealed record Retry(string Why, TimeSpan? Wait, Exception? Fault);
}
