using System.Text.Json;

namespace ControlPlane.Worker;

/// <summary>
/// The log of one attempt at a task, on its way to the server: in order, numbered, each batch sent again until the server has it. While the server is
/// out of reach the buffer holds the newest lines.
/// </summary>
internal sealed class TaskLog(ServerClient server, WorkerOptions options, TimeProvider time, Pacing pacing, WorkerConsole console, TaskKey key)
{
    private readonly Lock _lock = new();
    private readonly Queue<Line> _waiting = new();
    private byte[]? _inFlight;
    private long _waitingChars;
    private long _dropped;
    private long _sequence;

    public void Add(string text, string level = "info")
    {
        lock (_lock)
        {
            _waiting.Enqueue(new Line(time.GetUtcNow(), level, text));
            _waitingChars += text.Length;
            while (_waiting.Count > options.LogBufferLines || _waitingChars > options.LogBufferChars)
            {
                _waitingChars -= _waiting.Dequeue().Text.Length;
                _dropped++;
            }
        }
    }

    /// <summary>Sends what comes until it is stopped.</summary>
    public async Task PumpAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            await pacing.WaitAsync(failures == 0 ? options.LogInterval : pacing.Backoff(failures), stop);
            if (!stop.IsCancellationRequested)
                failures = await TrySendAllAsync() ? 0 : failures + 1;
        }
    }

    /// <summary>Sends what is left, unless <paramref name="giveUp"/> or <paramref name="stop"/> ends the tries. Only after the pump has stopped.</summary>
    public async Task FlushAsync(Func<bool> giveUp, CancellationToken stop)
    {
        for (var failures = 1; !await TrySendAllAsync() && !giveUp() && !stop.IsCancellationRequested; failures++)
            await pacing.WaitAsync(pacing.Backoff(failures), stop);
    }

    private async Task<bool> TrySendAllAsync()
    {
        while ((_inFlight ??= NextBatch()) is { } batch)
        {
            var answer = await server.SendAsync(
                "events.add_batch", batch, "application/x-ndjson", WireContext.Default.EnvelopeAcknowledgement, CancellationToken.None);
            if (answer is Answer<Acknowledgement>.Unknown)
                return false;
            if (answer is Answer<Acknowledgement>.Refused refused)
                console.Say($"task {key.Task}: the server does not take its log: {refused.Message}");
            _inFlight = null;
        }

        return true;
    }

    private byte[]? NextBatch()
    {
        var lines = Take();
        if (lines.Count == 0)
            return null;
        using var body = new MemoryStream();
        foreach (var line in lines)
        {
            var entry = new LogEvent("log", key.Task, key.Worker, line.At.ToUnixTimeMilliseconds(), line.Level, line.Text, key.Attempt, ++_sequence);
            JsonSerializer.Serialize(body, entry, WireContext.Default.LogEvent);
            body.WriteByte((byte)'\n');
        }

        return body.ToArray();
    }

    private List<Line> Take()
    {
        lock (_lock)
        {
            var lines = new List<Line>();
            if (_dropped > 0)
                lines.Add(new Line(time.GetUtcNow(), "warning", $"[controlplane] {_dropped} older lines were dropped: the server was out of reach"));
            _dropped = 0;
            for (var chars = 0; lines.Count < options.LogBatchLines && chars < options.LogBatchChars && _waiting.TryDequeue(out var line);)
            {
                lines.Add(line);
                chars += line.Text.Length;
                _waitingChars -= line.Text.Length;
            }

            return lines;
        }
    }

    private sealed record Line(DateTimeOffset At, string Level, string Text);
}
