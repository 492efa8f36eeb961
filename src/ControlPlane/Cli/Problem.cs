using System.Text.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary>What is wrong with one field of a request.</summary>
/// <param name="Place">The field, or its path in a document; empty where the server named none.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Fix">What to write instead; empty where the server said nothing.</param>
/// <param name="Line">From 1; null where the request was no document.</param>
/// <param name="Column">From 1.</param>
public sealed record FieldError(string Place, string Message, string Fix, int? Line, int? Column)
{
    public override string ToString()
    {
        var position = Line is null ? "" : $"{Line}:{Column ?? 1} ";
        var place = Place.Length == 0 ? "" : $"{Place}: ";
        return $"{position}{place}{Message}{(Fix.Length == 0 ? "" : " " + Fix)}";
    }
}

/// <summary>A refusal of the server, as RFC 9457 writes it.</summary>
public sealed record Problem(int Status, string Title, string Detail, IReadOnlyList<FieldError> Errors)
{
    /// <summary>Reads a problem document. A body that is none still gives a problem: its status in words.</summary>
    public static Problem Read(int status, string body)
    {
        var words = $"The server answered {status} {Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status)}".TrimEnd();
        if (TryParse(body) is not JsonObject document)
            return new Problem(status, words, "", []);

        return new Problem(status, document.Text("title") ?? words, document.Text("detail") ?? "", [.. Fields(document["faults"] ?? document["errors"])]);
    }

    private static IEnumerable<FieldError> Fields(JsonNode? errors) => errors switch
    {
        // As ASP.NET writes validation: field to messages.
        JsonObject byField => byField.SelectMany(f => (f.Value is JsonArray messages ? messages.AsEnumerable() : [f.Value])
            .Select(m => new FieldError(f.Key, m.Scalar() ?? "", "", null, null))),
        JsonArray list => list.Select(Field),
        _ => [],
    };

    private static FieldError Field(JsonNode? error) => error is JsonObject one
        ? new FieldError(
            one.Text("path") ?? one.Text("field") ?? one.Text("pointer") ?? "",
            one.Text("message") ?? one.Text("detail") ?? "",
            one.Text("fix") ?? "",
            (int?)one.Number("line"),
            (int?)one.Number("column"))
        : new FieldError("", error.Scalar() ?? "", "", null, null);

    private static JsonNode? TryParse(string body)
    {
        try
        {
            return JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            // A proxy's HTML page, say: the status is all that is known.
            return null;
        }
    }
}

/// <summary>The server refused a request.</summary>
public sealed class RefusedException(Problem problem) : Exception(problem.Title)
{
    public Problem Problem => problem;
}

/// <summary>The server cannot be reached, is not ready, or what answers is no ControlPlane.</summary>
public sealed class UnreachableServerException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What was given to a command cannot be used: a file that is not there, a line that is no JSON.</summary>
public sealed class FaultyInputException(string message) : Exception(message);
