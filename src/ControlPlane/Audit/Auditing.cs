using System.Data.Common;
using ControlPlane.Http;

namespace ControlPlane.Audit;

/// <summary>What an endpoint that changes something writes into the audit.</summary>
/// <param name="Act">The verb.</param>
/// <param name="Kind">What it is done to.</param>
/// <param name="Route">The part of the path that names which one; null if there is only one, which then is called as its kind.</param>
public sealed record AuditedEndpoint(string Act, string Kind, string? Route);

/// <summary>An endpoint with a method that may change something, and yet without an entry.</summary>
/// <param name="Why">A sentence.</param>
public sealed record NotAudited(string Why);

/// <summary>Puts an endpoint's changes into the audit.</summary>
internal static partial class Auditing
{
    private static readonly object Key = new();

    /// <summary>Writes an entry before the endpoint runs, and its outcome afterwards. A dry run changes nothing and has no entry.</summary>
    public static RouteHandlerBuilder Audited(this RouteHandlerBuilder endpoint, string act, string kind, string? route = null)
    {
        endpoint.WithMetadata(new AuditedEndpoint(act, kind, route));
        return endpoint.AddEndpointFilter((invocation, next) =>
        {
            var context = invocation.HttpContext;
            if (bool.TryParse(context.Request.Query["dryRun"], out var dry) && dry)
                return next(invocation);
            var subject = route is null ? kind : context.Request.RouteValues[route]?.ToString() ?? "";
            return RunAsync(new AuditAct(Caller.ForAudit(context), act, kind, subject), invocation, next);
        });
    }

    /// <summary>Says what the request in hand has changed.</summary>
    public static void Changed(HttpContext context, IEnumerable<AuditChange> changes) => context.Items[Key] = changes.ToArray();

    private static async ValueTask<object?> RunAsync(AuditAct act, EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var audit = context.RequestServices.GetRequiredService<AuditLog>();
        var id = await audit.BeginAsync(act, context.RequestAborted).ConfigureAwait(false);

        // An exception leaves the entry as it was written: whether the change was made is not known.
        var result = await next(invocation).ConfigureAwait(false);
        try
        {
            var changes = context.Items.TryGetValue(Key, out var found) ? (IReadOnlyList<AuditChange>)found! : [];
            await audit.EndAsync(id, StatusOf(result) >= 400 ? AuditLog.Refused : AuditLog.Done, changes, CancellationToken.None).ConfigureAwait(false);
        }
        catch (DbException fault)
        {
            NotCompleted(context.RequestServices.GetRequiredService<ILogger<AuditLog>>(), act.Act, act.Kind, act.Subject, act.Caller.Name, fault.Message);
        }

        return result;
    }

    private static int StatusOf(object? result) => result switch
    {
        INestedHttpResult nested => StatusOf(nested.Result),
        IStatusCodeHttpResult status => status.StatusCode ?? StatusCodes.Status200OK,
        _ => StatusCodes.Status200OK,
    };

    [LoggerMessage(3201, LogLevel.Warning, "The audit has an entry without its outcome: {Act} {Kind} {Subject} by {Caller} was answered, and then the database failed: {Reason}")]
    private static partial void NotCompleted(ILogger log, string act, string kind, string subject, string caller, string reason);
}
