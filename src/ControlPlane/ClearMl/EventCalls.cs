using System.Text.Json;
using ControlPlane.Providers.ClearMl.Wire;
using ControlPlane.Providers.Embedded;

namespace ControlPlane.ClearMl;

/// <summary><c>events.*</c></summary>
internal static class EventCalls
{
    /// <summary>More would only repeat itself.</summary>
    private const int MaxErrorsShown = 20;

    /// <summary>JSON lines, whatever the content type says. Events of other types than <c>log</c> have no place here and are counted as errors.</summary>
    public static async Task<ClearMlAnswer> AddBatchAsync(ClearMlCall call)
    {
        var (pieces, faults) = (new List<LogPiece>(), new List<string>());
        var number = 0;
        foreach (var line in Lines(call.Body))
        {
            number++;
            var logged = Read(line, number);
            if (logged.Type != "log") faults.Add($"Line {number}: only events of type 'log' are kept, this is '{logged.Type}'.");
            else if (string.IsNullOrEmpty(logged.Task) || logged.Msg is null) faults.Add($"Line {number}: 'task' and 'msg' are needed.");
            else if (logged.Sequence is < 0 or long.MaxValue) faults.Add($"Line {number}: 'sequence' must not be negative.");
            else pieces.Add(new LogPiece(logged.Task, logged.Msg, logged.Attempt, logged.Sequence));
        }

        if (number == 0) return ClearMlAnswer.Refuse(ClearMlError.BatchContainsNoItems, "The batch contains no items.");
        var result = pieces.Count == 0 ? new LogResult(0, []) : await call.Queue.AppendLogAsync(pieces, call.Cancel);
        faults.AddRange(result.Refused);
        return ClearMlAnswer.Of(new EventsAddBatchResponse(result.Added, faults.Count, faults.CountBy(f => f).Take(MaxErrorsShown).ToDictionary()), WireJson.Default.EventsAddBatchResponse);
    }

    private static WireLogEvent Read(ReadOnlyMemory<byte> line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize(line.Span, WireJson.Default.WireLogEvent) ?? new WireLogEvent();
        }
        catch (JsonException error)
        {
            throw new ClearMlException(ClearMlError.ValidationError, $"Line {number} cannot be read: {error.Message}");
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> body)
    {
        while (!body.IsEmpty)
        {
            var end = body.Span.IndexOf((byte)'\n');
            var line = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            if (!line.Span.Trim(" \t\r"u8).IsEmpty) yield return line;
        }
    }
}
