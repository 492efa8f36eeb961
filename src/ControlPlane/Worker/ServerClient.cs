using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ControlPlane.Worker;

/// <summary>What came of one request.</summary>
internal abstract record Answer<T>
{
    private Answer()
    {
    }

    /// <summary>The server did it.</summary>
    internal sealed record Ok(T Data) : Answer<T>;

    /// <summary>The server understood and will not do it, now or later.</summary>
    internal sealed record Refused(int Code, int Subcode, string Message) : Answer<T>;

    /// <summary>It may or may not have been done: the server did not answer, was not ready, or did not know us.</summary>
    internal sealed record Unknown(string Message) : Answer<T>;
}

/// <summary>Speaks to the server, and remembers when it last answered.</summary>
internal sealed class ServerClient(HttpClient http, WorkerOptions options, TimeProvider time, Pacing pacing, WorkerConsole console)
{
    private static readonly Meter _meter = new("ControlPlane");

    private static readonly Counter<long> _requests =
        _meter.CreateCounter<long>("controlplane.worker.requests", "{request}", "Requests of a worker to its server, by call and outcome.");

    private long _lastAnswer = time.GetTimestamp();
    private int _away;

    /// <summary>How long the server has not answered.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Interlocked.Read(ref _lastAnswer));

    public Task<Answer<T>> CallAsync<TRequest, T>(
        string call, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<Envelope<T>> answerType, CancellationToken cancel)
        where T : class =>
        SendAsync(call, JsonSerializer.SerializeToUtf8Bytes(request, requestType), "application/json", answerType, cancel);

    /// <summary>Repeats a request until its answer is definite, or <paramref name="giveUp"/> says that it is enough.</summary>
    public async Task<Answer<T>> InsistAsync<TRequest, T>(
        string call,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<Envelope<T>> answerType,
        Func<bool> giveUp,
        CancellationToken stop)
        where T : class
    {
        for (var failures = 1; ; failures++)
        {
            var answer = await CallAsync(call, request, requestType, answerType, CancellationToken.None);
            if (answer is not Answer<T>.Unknown || giveUp() || stop.IsCancellationRequested)
                return answer;
            await pacing.WaitAsync(pacing.Backoff(failures), stop);
            if (stop.IsCancellationRequested)
                return answer;
        }
    }

    public async Task<Answer<T>> SendAsync<T>(
        string call, byte[] body, string mediaType, JsonTypeInfo<Envelope<T>> answerType, CancellationToken cancel)
        where T : class
    {
        var answer = await TrySendAsync(call, body, mediaType, answerType, cancel);
        _requests.Add(1, new TagList { { "call", call }, { "outcome", answer is Answer<T>.Ok ? "ok" : answer is Answer<T>.Refused ? "refused" : "unknown" } });
        Notice((answer as Answer<T>.Unknown)?.Message);
        return answer;
    }

    /// <summary>Tells the console when the server goes and when it comes back, not each try.</summary>
    private void Notice(string? trouble)
    {
        if (trouble is not null)
        {
            if (Interlocked.Exchange(ref _away, 1) == 0)
                console.Say($"the server is out of reach, trying again: {trouble}");
            return;
        }

        if (Interlocked.Exchange(ref _away, 0) == 1)
            console.Say($"the server is back after {Silence.TotalSeconds:0} s");
        Interlocked.Exchange(ref _lastAnswer, time.GetTimestamp());
    }

    private async Task<Answer<T>> TrySendAsync<T>(
        string call, byte[] body, string mediaType, JsonTypeInfo<Envelope<T>> answerType, CancellationToken cancel)
        where T : class
    {
        using var timeout = new CancellationTokenSource(options.RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(options.Server, call)) { Content = content };
            if (options.Token is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Token);
            using var response = await http.SendAsync(request, either.Token);
            var bytes = await response.Content.ReadAsByteArrayAsync(either.Token);
            return Read(call, (int)response.StatusCode, bytes, answerType);
        }
        catch (HttpRequestException e)
        {
            return new Answer<T>.Unknown($"{call}: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new Answer<T>.Unknown($"{call}: no answer within {options.RequestTimeout.TotalSeconds:0.#} s");
        }
    }

    private static Answer<T> Read<T>(string call, int status, byte[] bytes, JsonTypeInfo<Envelope<T>> answerType)
        where T : class
    {
        Envelope<T>? envelope = null;
        try
        {
            envelope = JsonSerializer.Deserialize(bytes, answerType);
        }
        catch (JsonException e) when (status is >= 200 and < 300)
        {
            return new Answer<T>.Unknown($"{call}: the answer cannot be read: {e.Message}");
        }
        catch (JsonException)
        {
            // A proxy's page or the like: its status says all there is.
        }

        var code = envelope?.Meta?.ResultCode ?? status;
        var message = $"{call}: {code}/{envelope?.Meta?.ResultSubcode ?? 0} {envelope?.Meta?.ResultMsg}";
        return code switch
        {
            >= 200 and < 300 when envelope?.Data is { } data => new Answer<T>.Ok(data),
            // 401 and 403 are mended by a new token, 408 and 429 by time.
            >= 400 and < 500 and not (401 or 403 or 408 or 429) when envelope?.Meta is { } meta => new Answer<T>.Refused(code, meta.ResultSubcode, message),
            _ => new Answer<T>.Unknown(message),
        };
    }
}
