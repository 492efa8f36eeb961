using System.Diagnostics.Metrics;
using System.Net;
using ControlPlane.Actors.Queues;
using ControlPlane.Audit;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Queues;
using ControlPlane.Hosting;
using ControlPlane.Http;
using ControlPlane.Providers.Bootstrap;

namespace ControlPlane.Bootstrap;

/// <summary>
/// Where machines ask for what makes them workers, and whether the control plane is there, under <c>/api/v1/bootstrap</c>. The ticket in their user data is all that
/// lets them in; its use is recorded by the scaler of its queue, so it is used up on every node.
/// </summary>
internal static partial class BootstrapEndpoints
{
    private static readonly Counter<long> Requests = new Meter("ControlPlane").CreateCounter<long>("controlplane.bootstrap.requests", description: "Requests of machines that boot (fetch) or run (renew), by outcome");

    public static void MapBootstrap(this WebApplication app)
    {
        var group = app.MapGroup("/api/v1/bootstrap").AllowAnonymous().WithTags("Bootstrap")
            .WithMetadata(new NotAudited("Machines that boot ask by their tickets; the story of each instance has it."));
        group.MapPost("", FetchAsync).WithSummary("A machine asks, once, for the script that makes it a worker; its ticket is its authentication")
            .Accepts<BootstrapRequest>("application/json").Produces<string>(contentType: "text/x-shellscript").ProducesProblem(400).ProducesProblem(403).ProducesProblem(413).ProducesProblem(425).ProducesProblem(503);
        group.MapPost("/renew", RenewAsync).WithSummary("A machine asks whether the control plane is there and still knows it")
            .Accepts<BootstrapRequest>("application/json").Produces(StatusCodes.Status204NoContent).ProducesProblem(400).ProducesProblem(403).ProducesProblem(410).ProducesProblem(413).ProducesProblem(503);
        var node = app.Services.GetRequiredService<NodeOptions>();
        if (node.GuestUrl is { } url && new Uri(url) is { Scheme: "http", IsLoopback: false })
            NotEncrypted(app.Logger, url);
    }

    private static async Task<IResult> FetchAsync(HttpContext http, BootstrapTickets tickets, GuestBootstrap guests, EntityAsks entities, ILoggerFactory logs, CancellationToken cancel)
    {
        var (ask, ticket, refusal) = await ReadAsync(http, tickets, "fetch", cancel);
        if (ask is null || ticket is null)
            return refusal!;
        var answer = await entities.GuestAsync(ticket.Queue.Value, new ScalerCommand.AskBootstrap(ticket.Instances, ask.NativeId, ask.ClaimDigest), cancel);
        var log = logs.CreateLogger(typeof(BootstrapEndpoints).FullName!);
        switch (answer)
        {
            case GuestAnswer.Granted granted:
                try
                {
                    var script = guests.WorkerScript(new GuestFacts(granted.NativeId, ticket.Queue.Value, granted.Type, granted.Pool, await ServerAsync(granted, entities, cancel)));
                    Count("fetch", "granted");
                    http.Response.Headers.CacheControl = "no-store";
                    return TypedResults.Text(script, "text/x-shellscript");
                }
                catch (BootstrapException fault)
                {
                    // The machine asks again for a while: a person may mend it in time.
                    Count("fetch", "failed");
                    CannotBeWritten(log, ticket.Queue.Value, granted.Instance.Value, fault.Message);
                    return Problems.Unavailable("What makes this machine a worker cannot be written now. The log of the node says why.");
                }

            case GuestAnswer.TooEarly early:
                Count("fetch", "early");
                return Problems.TooEarly(early.Because);
            case GuestAnswer.Refused refused:
                Count("fetch", "refused");
                Refused(log, ticket.Queue.Value, ask.NativeId, AddressOf(http), refused.Because);
                return Problems.Forbidden("ticket-refused", "The ticket is refused", refused.Because);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>The dead man's switch: 204 to a machine that is an instance of ours as long as its scaler answers, 410 to one that is none any more.</summary>
    private static async Task<IResult> RenewAsync(HttpContext http, BootstrapTickets tickets, EntityAsks entities, CancellationToken cancel)
    {
        var (ask, ticket, refusal) = await ReadAsync(http, tickets, "renew", cancel);
        if (ask is null || ticket is null)
            return refusal!;
        var standing = await entities.GuestAsync(ticket.Queue.Value, new GuestQuery(ticket.Instances, ask.NativeId), cancel);
        Count("renew", standing.Known ? "granted" : "refused");
        return standing.Known ? TypedResults.NoContent() : Problems.Gone("instance-ended", "The instance has ended", "No living instance has this machine.");
    }

    private static async Task<(BootstrapRequest? Ask, BootstrapTicket? Ticket, IResult? Refusal)> ReadAsync(HttpContext http, BootstrapTickets tickets, string call, CancellationToken cancel)
    {
        if (await BoundedBody.ReadTextAsync(http.Request, BootstrapRequest.MostBytes, cancel) is not { } body)
            return Refuse(Problems.TooLarge(BootstrapRequest.MostBytes));
        if (!BootstrapRequest.TryRead(body, out var ask, out var errors))
            return Refuse(Problems.Invalid(errors));
        return tickets.TryRead(ask.Ticket, out var ticket)
            ? (ask, ticket, null)
            : Refuse(Problems.Forbidden("ticket-refused", "The ticket is refused", "This cluster did not write the ticket, or its key was changed since."));

        (BootstrapRequest?, BootstrapTicket?, IResult?) Refuse(IResult refusal)
        {
            Count(call, "invalid");
            return (null, null, refusal);
        }
    }

    /// <summary>The server of the queue's source, where the pool does not name one of its own.</summary>
    private static async Task<ClearMlServer?> ServerAsync(GuestAnswer.Granted granted, EntityAsks entities, CancellationToken cancel) =>
        granted.Pool.Bootstrap is { Worker: WorkerKind.ClearMl, ClearMl: null } && await entities.SourceAsync(granted.Source, cancel) is { ClearMl: { } server }
            ? new ClearMlServer(server.Url, null, null, server.AccessKey, server.SecretKey)
            : null;

    private static void Count(string call, string outcome) =>
        Requests.Add(1, new KeyValuePair<string, object?>("call", call), new KeyValuePair<string, object?>("outcome", outcome));

    private static string AddressOf(HttpContext http) => (http.Connection.RemoteIpAddress ?? IPAddress.None).ToString();

    [LoggerMessage(3021, LogLevel.Warning, "Queue {Queue}: machine {NativeId} (from {Address}) was refused what makes it a worker: {Because}")]
    private static partial void Refused(ILogger log, string queue, string nativeId, string address, string because);

    [LoggerMessage(3022, LogLevel.Error, "Queue {Queue}: what makes a worker of instance {Instance} cannot be written: {Because}")]
    private static partial void CannotBeWritten(ILogger log, string queue, string instance, string because);

    [LoggerMessage(3023, LogLevel.Warning, "Node:GuestUrl is {Url}: without https whoever sits on the way can read the secrets that machines are told")]
    private static partial void NotEncrypted(ILogger log, string url);
}
