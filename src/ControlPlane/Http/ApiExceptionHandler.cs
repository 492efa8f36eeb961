using System.Data.Common;
using System.Text.Json;
using System.Text.RegularExpressions;
using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.ReadModel;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Http;

/// <summary>The one place where a fault becomes an answer: input that cannot be read is 400, an entity or a database that does not answer is 503.</summary>
internal sealed partial class ApiExceptionHandler(ILogger<ApiExceptionHandler> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
            return true;
        if (ResultFor(exception, httpContext) is not { } problem)
        {
            Failed(log, exception, httpContext.Request.Method, httpContext.Request.Path);
            problem = TypedResults.Problem(
                "The request failed by a defect of ours; the log of the node has the details.", statusCode: StatusCodes.Status500InternalServerError, title: "Internal error",
                type: "urn:controlplane:problem:internal-error");
        }
        else if (exception is not (BadHttpRequestException or InvalidCursorException))
        {
            Unavailable(log, httpContext.Request.Method, httpContext.Request.Path, exception.Message);
            httpContext.Response.Headers.RetryAfter = "1";
        }

        await problem.ExecuteAsync(httpContext).ConfigureAwait(false);
        return true;
    }

    private static ProblemHttpResult? ResultFor(Exception exception, HttpContext context) => exception switch
    {
        InvalidCursorException => Problems.Invalid("after", $"{exception.Message} Use the 'next' of the page before, with the same filters."),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            Problems.TooLarge(context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? 0),
        BadHttpRequestException { InnerException: JsonException json } => Problems.Invalid(PathOf(json), MessageOf(json)),
        BadHttpRequestException bad => Bad(bad.Message),
        AskTimeoutException => Problems.Unavailable("The entity that this concerns did not answer in time. Ask again."),
        EntityUnavailableException => Problems.Unavailable(exception.Message),
        MissingActorRegistryEntryException => Problems.Unavailable("The node is starting. Ask again."),
        DbException => Problems.Unavailable($"The database cannot be read: {exception.Message}"),
        _ => null,
    };

    private static ProblemHttpResult Bad(string message)
    {
        var match = Binding().Match(message);
        return match.Success
            ? Problems.Invalid(match.Groups["name"].Value, $"'{match.Groups["value"].Value}' is not {Kind(match.Groups["type"].Value)}.")
            : Problems.Invalid("request", message);
    }

    private static string Kind(string type) => type switch
    {
        _ when type.Contains("int", StringComparison.OrdinalIgnoreCase) || type.Contains("long", StringComparison.OrdinalIgnoreCase) => "a whole number",
        _ when type.Contains("bool", StringComparison.OrdinalIgnoreCase) => "true or false",
        _ when type.Contains("DateTimeOffset", StringComparison.Ordinal) => "a time such as 2026-01-31T08:00:00Z",
        _ => $"a value of this field ({type})",
    };

    private static string PathOf(JsonException json) => json.Path is null or "$" ? "body" : json.Path.TrimStart('$').TrimStart('.');

    private static string MessageOf(JsonException json) => json.LineNumber is { } line
        ? $"This is not the JSON that is expected, at line {line + 1}, byte {json.BytePositionInLine + 1}: {json.Message.Split(" Path: ")[0]}"
        : json.Message;

    [GeneratedRegex("parameter \"(?<type>.+) (?<name>[^ \"]+)\" from \"(?<value>.*)\"", RegexOptions.Singleline)]
    private static partial Regex Binding();

    [LoggerMessage(3001, LogLevel.Error, "{Method} {Path} failed")]
    private static partial void Failed(ILogger log, Exception fault, string method, PathString path);

    [LoggerMessage(3002, LogLevel.Warning, "{Method} {Path} could not be answered: {Reason}")]
    private static partial void Unavailable(ILogger log, string method, PathString path, string reason);
}
