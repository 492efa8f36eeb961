using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ControlPlane.Http;

/// <summary>
/// The API's refusals as RFC 9457 problems. The <c>type</c> is stable and meant for programs, the <c>detail</c> for people. A problem with the contents
/// of a request carries <c>errors</c>: for each field, by its path in the document, what is wrong and how to mend it.
/// </summary>
public static class Problems
{
    private const string Prefix = "urn:controlplane:problem:";

    /// <summary>400 <c>invalid-request</c>: fields are wrong. Nothing was changed.</summary>
    public static ProblemHttpResult Invalid(IReadOnlyDictionary<string, string[]> errors) => Make(
        StatusCodes.Status400BadRequest,
        "invalid-request",
        "The request is not valid",
        $"{errors.Count} {(errors.Count == 1 ? "field is" : "fields are")} wrong; nothing was changed.",
        errors);

    /// <summary>400 <c>invalid-request</c> for a single field.</summary>
    public static ProblemHttpResult Invalid(string field, string message) => Invalid(new Dictionary<string, string[]> { [field] = [message] });

    /// <summary>401 <c>unauthorized</c>: who asks is not known.</summary>
    public static ProblemHttpResult Unauthorized(string detail) => Make(StatusCodes.Status401Unauthorized, "unauthorized", "Who are you?", detail);

    /// <summary>403 <c>forbidden</c>: who asks may not.</summary>
    public static ProblemHttpResult Forbidden(string detail) => Make(StatusCodes.Status403Forbidden, "forbidden", "Not allowed", detail);

    /// <summary>404 <c>not-found</c>.</summary>
    public static ProblemHttpResult NotFound(string what, string id) =>
        Make(StatusCodes.Status404NotFound, "not-found", $"No such {what}", $"There is no {what} '{id}'.");

    /// <summary>409 with a type of the caller's: the thing is in a state that forbids it.</summary>
    public static ProblemHttpResult Conflict(string type, string title, string detail) => Make(StatusCodes.Status409Conflict, type, title, detail);

    /// <summary>403 with a type of the caller's: who asks may not.</summary>
    public static ProblemHttpResult Forbidden(string type, string title, string detail) => Make(StatusCodes.Status403Forbidden, type, title, detail);

    /// <summary>410 with a type of the caller's: it was there, and is no more.</summary>
    public static ProblemHttpResult Gone(string type, string title, string detail) => Make(StatusCodes.Status410Gone, type, title, detail);

    /// <summary>425 <c>too-early</c>: the same request will be answered in a moment.</summary>
    public static ProblemHttpResult TooEarly(string detail) => Make(425, "too-early", "Too early", detail);

    /// <summary>413 <c>too-large</c>.</summary>
    public static ProblemHttpResult TooLarge(long limitBytes) =>
        Make(StatusCodes.Status413PayloadTooLarge, "too-large", "The request is too large", $"A body has at most {limitBytes} bytes: send it in parts.");

    /// <summary>422 with a type of the caller's: understood, valid by itself, but not to be done.</summary>
    public static ProblemHttpResult Unprocessable(string type, string title, string detail) => Make(StatusCodes.Status422UnprocessableEntity, type, title, detail);

    /// <summary>503 <c>unavailable</c>: something that we depend on did not answer; the same request may succeed later.</summary>
    public static ProblemHttpResult Unavailable(string detail) => Make(StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available now", detail);

    private static ProblemHttpResult Make(int status, string type, string title, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        var problem = new ProblemDetails { Status = status, Type = Prefix + type, Title = title, Detail = detail };
        if (errors is not null) problem.Extensions["errors"] = errors;
        return TypedResults.Problem(problem);
    }
}
