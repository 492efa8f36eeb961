using System.ComponentModel;
using System.Globalization;
using ControlPlane.Actors.Clustering;
using ControlPlane.Http;
using ControlPlane.Providers.Embedded;

namespace ControlPlane.Tasks;

/// <summary>A task's log as text, whole, from the end, or as it grows.</summary>
internal static class TaskLogs
{
    private const int MaxTail = 10_000;
    private const int ChunksPerRead = 500;

    public static async Task<IResult> GetAsync(
        string id,
        HttpContext http,
        EmbeddedQueue queue,
        TimeProvider clock,
        [Description("true: keep sending what is added until the task ends.")] string? follow,
        [Description("Begin with the last lines, 1 to 10,000.")] string? tail,
        CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>();
        var following = false;
        if (follow is not null && !bool.TryParse(follow, out following)) errors["follow"] = ["Must be true or false."];
        var lines = 0;
        if (tail is not null && (!int.TryParse(tail, NumberStyles.None, CultureInfo.InvariantCulture, out lines) || lines is < 1 or > MaxTail)) errors["tail"] = [$"Must be 1 to {MaxTail}."];
        if (errors.Count > 0) return Problems.Invalid(errors);
        if (await queue.TaskAsync(id, cancel) is null) return Problems.NotFound("task", id);

        http.Response.ContentType = "text/plain; charset=utf-8";
        var last = tail is null ? null : await WriteTailAsync(http.Response, queue, id, lines, cancel);
        last = await WriteRestAsync(http.Response, queue, id, last, cancel);
        if (following) await FollowAsync(http, queue, clock, id, last, cancel);
        return Results.Empty;
    }

    private static async Task FollowAsync(HttpContext http, EmbeddedQueue queue, TimeProvider clock, string id, LogChunk? last, CancellationToken cancel)
    {
        var response = http.Response;
        var closing = http.RequestServices.GetService<Membership>()?.Closing ?? CancellationToken.None;
        await response.StartAsync(cancel);
        await response.Body.FlushAsync(cancel);
        using var timer = new PeriodicTimer(queue.Options.LogFollowPeriod, clock);
        bool ended;
        do
        {
            // The state first: what was written before the end is then still read after it.
            ended = await queue.TaskAsync(id, cancel) is not { HasEnded: false };
            last = await WriteRestAsync(response, queue, id, last, cancel);
            await response.Body.FlushAsync(cancel);
        }
        while (!ended && !closing.IsCancellationRequested && await timer.WaitForNextTickAsync(cancel));
    }

    private static async Task<LogChunk?> WriteRestAsync(HttpResponse response, EmbeddedQueue queue, string id, LogChunk? last, CancellationToken cancel)
    {
        while (await queue.ReadLogAsync(id, last, ChunksPerRead, cancel) is { Count: > 0 } chunks)
        {
            foreach (var chunk in chunks)
            {
                await WriteHeadingAsync(response, last, chunk, cancel);
                await response.WriteAsync(chunk.Text, cancel);
                last = chunk;
            }
        }

        return last;
    }

    private static async Task<LogChunk?> WriteTailAsync(HttpResponse response, EmbeddedQueue queue, string id, int lines, CancellationToken cancel)
    {
        LogChunk? last = null;
        // Each chunk ends with a line's end, so the text after the last one is no line.
        var all = (await queue.TailLogAsync(id, lines, cancel)).SelectMany(chunk => chunk.Text.Split('\n').SkipLast(1).Select(line => (chunk, line))).TakeLast(lines);
        foreach (var (chunk, line) in all)
        {
            if (last is not null) await WriteHeadingAsync(response, last, chunk, cancel);
            await response.WriteAsync(line + "\n", cancel);
            last = chunk;
        }

        return last;
    }

    /// <summary>Says where another attempt's log begins. A task that needed one attempt shows its output and nothing else.</summary>
    private static Task WriteHeadingAsync(HttpResponse response, LogChunk? last, LogChunk next, CancellationToken cancel) =>
        next.Attempt > Math.Max(last?.Attempt ?? 0, 1) ? response.WriteAsync($"--- attempt {next.Attempt} ---\n", cancel) : Task.CompletedTask;
}
