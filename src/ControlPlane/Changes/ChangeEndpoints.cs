using System.ComponentModel;
using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace ControlPlane.Changes;

/// <summary>One change as it is sent.</summary>
/// <param name="Id">Its number in the journal: each is higher than all before.</param>
/// <param name="Topic">What it is about.</param>
/// <param name="Queue">The queue that it concerns; null if none.</param>
/// <param name="Subject">The instance, queue, budget, pool or revision.</param>
/// <param name="At">When.</param>
/// <param name="What">The fact in a word.</param>
/// <param name="Sentence">The fact in a sentence.</param>
public sealed record ChangeEventView(long Id, ChangeTopic Topic, string? Queue, string Subject, DateTimeOffset At, string What, string Sentence)
{
    public static ChangeEventView From(ChangeRow row) => new(row.Ordering, (ChangeTopic)row.Topic, row.Queue, row.Subject, Times.At(row.At), row.What, row.Sentence);
}

/// <summary>All changes as server-sent events, under <c>/api/v1/events</c>.</summary>
internal static class ChangeEndpoints
{
    private const int MostInBatch = 500;

    public static void MapChanges(this IEndpointRouteBuilder api) => api.MapGet("/events", StreamAsync).WithTags("Events")
        .WithSummary("Changes as server-sent events, live. A stream that broke goes on where it ended with the header Last-Event-ID")
        .Produces<ChangeEventView>(contentType: "text/event-stream").ProducesProblem(400);

    private static async Task<IResult> StreamAsync(
        HttpContext context,
        ChangeQueries changes,
        ReadModelStatus readModel,
        Actors.ReadModel.Changes news,
        HttpApiOptions options,
        TimeProvider time,
        IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json,
        [Description("Only changes of this queue.")] string? queue,
        [Description("Only about these, separated by commas: instance, decision, ledger, pool, configuration, orphan.")] string? kinds,
        [Description("Changes behind this number; absent: those from now on. The header Last-Event-ID goes before it.")] long? after,
        [FromHeader(Name = "Last-Event-ID"), Description("The id of the last event that was received.")] string? lastEventId,
        CancellationToken cancel)
    {
        if (!TryReadTopics(kinds, out var topics, out var wrong))
            return Problems.Invalid("kinds", $"'{wrong}' is none of {WordQuery.Words<ChangeTopic>()}.");
        if (lastEventId is { Length: > 0 })
        {
            if (!long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var last))
                return Problems.Invalid("Last-Event-ID", $"'{lastEventId}' is no id of an event: write the id of the last one that was received.");
            after = last;
        }
        else if (after < 0)
        {
            return Problems.Invalid("after", $"{after} is no id of an event.");
        }

        var response = context.Response;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel, context.RequestServices.GetService<Membership>()?.Closing ?? CancellationToken.None);
        try
        {
            return await SendAllAsync(ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            // The node stops; the listener goes on at another one, where it ended here.
            return TypedResults.Empty;
        }
        catch (DbException) when (response.HasStarted)
        {
            // The database went away. The stream ends, and its listener goes on behind its last event when it is back; no status can be told any more.
            return TypedResults.Empty;
        }

        async Task<IResult> SendAllAsync(CancellationToken cancel)
        {
            // Listening begins before the first question, so that nothing falls between the two.
            using var subscription = news.Subscribe();
            var position = after ?? (await readModel.PositionAsync(cancel)).Offset;
            response.ContentType = "text/event-stream";
            response.Headers.CacheControl = "no-cache";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await response.WriteAsync(": connected\n\n", cancel);
            await response.Body.FlushAsync(cancel);

            var heard = subscription.Reader.WaitToReadAsync(cancel).AsTask();
            while (true)
            {
                position = await SendAsync(position, cancel);
                using var beat = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                var alive = time.DelayAsync(options.Heartbeat, beat.Token);
                if (await Task.WhenAny(heard, alive) == heard)
                {
                    await beat.CancelAsync();
                    if (!await heard)
                        return TypedResults.Empty;
                    while (subscription.Reader.TryRead(out _))
                    {
                        // Each only says that there is something to read.
                    }

                    heard = subscription.Reader.WaitToReadAsync(cancel).AsTask();
                }
                else
                {
                    cancel.ThrowIfCancellationRequested();
                    await response.WriteAsync(": alive\n\n", cancel);
                    await response.Body.FlushAsync(cancel);
                }
            }
        }

        async Task<long> SendAsync(long from, CancellationToken cancel)
        {
            while (true)
            {
                var rows = await changes.SinceAsync(from, topics, queue, MostInBatch, cancel);
                foreach (var row in rows)
                {
                    var view = ChangeEventView.From(row);
                    var topic = JsonNamingPolicy.CamelCase.ConvertName(view.Topic.ToString());
                    var data = JsonSerializer.Serialize(view, json.Value.SerializerOptions);
                    await response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"id: {view.Id}\nevent: {topic}\ndata: {data}\n\n"), cancel);
                    from = row.Ordering;
                }

                if (rows.Count > 0)
                    await response.Body.FlushAsync(cancel);
                if (rows.Count < MostInBatch)
                    return from;
            }
        }
    }

    private static bool TryReadTopics(string? kinds, out HashSet<ChangeTopic> topics, out string? wrong)
    {
        topics = [];
        wrong = null;
        foreach (var word in (kinds ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Enum.TryParse<ChangeTopic>(word, ignoreCase: true, out var topic) || !Enum.IsDefined(topic) || char.IsAsciiDigit(word[0]))
                wrong ??= word;
            else
                topics.Add(topic);
        }

        return wrong is null;
    }
}
