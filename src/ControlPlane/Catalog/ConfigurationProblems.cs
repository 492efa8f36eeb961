using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ControlPlane.Catalog;

/// <summary>The refusals of a document, as problems.</summary>
internal static class ConfigurationProblems
{
    /// <summary>400 <c>invalid-configuration</c>: <c>faults</c> says for each what is wrong, where, and how to mend it; <c>errors</c> the same by path.</summary>
    public static ProblemHttpResult Faulty(IReadOnlyList<DocumentFault> faults)
    {
        var problem = new ProblemDetails
        {
            Status = StatusCodes.Status400BadRequest,
            Type = "urn:controlplane:problem:invalid-configuration",
            Title = "The configuration is not valid",
            Detail = $"{(faults.Count == 1 ? "There is 1 fault" : $"There are {faults.Count} faults")}; nothing was changed. The first: {faults[0]}",
        };
        problem.Extensions["errors"] = faults.GroupBy(f => f.Path.Length == 0 ? "document" : f.Path).ToDictionary(g => g.Key, g => g.Select(f => $"{f.Message} {f.Fix}").ToArray());
        problem.Extensions["faults"] = faults.Select(f => new FaultView(f.Line, f.Column, f.Path, f.Message, f.Fix)).ToArray();
        return TypedResults.Problem(problem);
    }

    /// <summary>412 <c>revision-mismatch</c>: somebody else has applied another one meanwhile.</summary>
    public static ProblemHttpResult Mismatch(long expected, long current)
    {
        var problem = new ProblemDetails
        {
            Status = StatusCodes.Status412PreconditionFailed,
            Type = "urn:controlplane:problem:revision-mismatch",
            Title = "Another revision is in force",
            Detail = $"The change was made from revision {expected}, and revision {current} is in force; nothing was changed. Read it again and repeat the change.",
        };
        problem.Extensions["revision"] = current;
        return TypedResults.Problem(problem);
    }

    /// <summary>One fault of a document.</summary>
    internal sealed record FaultView(int Line, int Column, string Path, string Message, string Fix);
}
