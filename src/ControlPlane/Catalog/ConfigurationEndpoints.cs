using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Audit;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Http;
using ControlPlane.Providers.Plugins;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ControlPlane.Catalog;

/// <summary>The configuration as one document, under <c>/api/v1/configuration</c>.</summary>
internal static class ConfigurationEndpoints
{
    private const string Yaml = "application/yaml";

    public static void MapConfiguration(this IEndpointRouteBuilder api)
    {
        var configuration = api.MapGroup("/configuration").WithTags("Configuration");
        configuration.MapGet("/", GetAsync).WithSummary("The configuration in force; as YAML where the request accepts application/yaml. Its ETag is the revision")
            .Produces<ConfigurationView>().Produces<string>(contentType: Yaml).ProducesProblem(503);
        foreach (var method in new[] { "PUT", "POST" })
        {
            configuration.MapMethods("/", [method], ApplyAsync).RequireAuthorization(Policies.Admin).Audited("apply", "configuration").WithSummary("Put a whole document in force, YAML or JSON, or nothing of it; with dryRun=true only answer the differences")
                .Accepts<string>(Yaml, "application/json", "text/plain").Produces<AppliedView>().ProducesProblem(400).ProducesProblem(412).ProducesProblem(413).ProducesProblem(503);
        }

        configuration.MapGet("/schema", () => TypedResults.Content(ConfigurationSchema.Generate(), "application/schema+json")).WithSummary("The JSON schema of the document, for editors")
            .Produces<string>(contentType: "application/schema+json");
        configuration.MapGet("/revisions", ListAsync).WithSummary("Every configuration that was in force, the latest first, and what it changed").ProducesProblem(400);
        configuration.MapGet("/revisions/{revision:long}", RevisionAsync).WithSummary("A configuration that was in force").ProducesProblem(404);
    }

    private static async Task<IResult> GetAsync(EntityAsks entities, HttpContext context, CancellationToken cancel)
    {
        var catalog = await entities.CatalogAsync(cancel);
        context.Response.Headers.ETag = TagOf(catalog.Revision);
        var accept = context.Request.Headers.Accept.ToString();
        return accept.Contains("yaml", StringComparison.OrdinalIgnoreCase)
            ? TypedResults.Content(ConfigurationDocument.Write(catalog.Configuration), Yaml)
            : TypedResults.Ok(ConfigurationView.From(catalog));
    }

    private static async Task<IResult> ApplyAsync(
        HttpContext context,
        EntityAsks entities,
        PolicyPlugins plugins,
        TimeProvider time,
        [Description("true: change nothing, answer the differences.")] bool? dryRun,
        [FromHeader(Name = "If-Match"), Description("The ETag that the change was made from; absent or *: whatever is in force.")] string? ifMatch,
        CancellationToken cancel)
    {
        if (!TryReadTag(ifMatch, out var expected))
            return Problems.Invalid("If-Match", $"'{ifMatch}' is no ETag of a configuration. Write the one that a GET answered, such as \"3\", or *.");
        if (await BoundedBody.ReadTextAsync(context.Request, ConfigurationDocument.MaxBytes, cancel) is not { } text)
            return Problems.TooLarge(ConfigurationDocument.MaxBytes);
        var document = ConfigurationDocument.Parse(text);
        if (document.Configuration is not { } configuration)
            return ConfigurationProblems.Faulty(document.Faults);
        if (PluginRules.Check(configuration, plugins) is { Count: > 0 } unknown)
            return ConfigurationProblems.Faulty([.. unknown.Select(document.Locate)]);

        var command = new CatalogCommand.Apply(configuration, expected, Caller.Of(context), Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));
        var reply = dryRun == true ? await RehearseAsync(entities, command, time, cancel) : await entities.ApplyAsync(command, cancel);
        switch (reply)
        {
            case CatalogReply.Applied applied:
                var revision = dryRun == true ? applied.Revision - 1 : applied.Revision;
                context.Response.Headers.ETag = TagOf(revision);
                Auditing.Changed(context, AuditChanges.Of(applied));
                return TypedResults.Ok(new AppliedView(revision, dryRun != true, dryRun == true, [.. applied.Changes.Select(ChangeView.From)]));
            case CatalogReply.Unchanged unchanged:
                context.Response.Headers.ETag = TagOf(unchanged.Revision);
                return TypedResults.Ok(new AppliedView(unchanged.Revision, false, dryRun == true, []));
            case CatalogReply.Refused refused:
                return ConfigurationProblems.Faulty([.. refused.Faults.Select(document.Locate)]);
            case CatalogReply.RevisionConflict conflict:
                return ConfigurationProblems.Mismatch(conflict.Expected, conflict.Current);
            default:
                throw new System.Diagnostics.UnreachableException($"No answer for {reply.GetType().Name}.");
        }
    }

    private static async Task<Results<Ok<PageView<RevisionView>>, ProblemHttpResult>> ListAsync(
        ConfigurationQueries configurations,
        PageQuery pages,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        return TypedResults.Ok(PageView<RevisionView>.From(await configurations.ListAsync(request, cancel), RevisionView.From));
    }

    private static async Task<Results<Ok<ConfigurationView>, ProblemHttpResult>> RevisionAsync(
        [FromRoute] long revision, ConfigurationQueries configurations, CancellationToken cancel) =>
        await configurations.FindAsync(revision, cancel) is { } row
            ? TypedResults.Ok(ConfigurationView.From(row))
            : Problems.NotFound("revision", revision.ToString(CultureInfo.InvariantCulture));

    /// <summary>A dry run is the catalog's own decision, on a catalog that knows the configuration in force and forgets the answer.</summary>
    private static async Task<CatalogReply> RehearseAsync(EntityAsks entities, CatalogCommand.Apply command, TimeProvider time, CancellationToken cancel)
    {
        var view = await entities.CatalogAsync(cancel);
        var state = CatalogDecider.Initial;
        if (view.Revision > 0)
            state = CatalogDecider.Apply(state, new CatalogEvent.ConfigurationApplied(view.Revision, view.Configuration, view.AppliedBy, view.AppliedAt ?? default, ""));
        return CatalogDecider.Decide(state, command, new Moment(time.GetUtcNow(), 0)).Effects.OfType<CatalogEffect.Reply>().Single().Answer;
    }

    private static string TagOf(long revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    private static bool TryReadTag(string? header, out long? revision)
    {
        revision = null;
        if (string.IsNullOrWhiteSpace(header) || header.Trim() == "*")
            return true;
        var tag = header.Trim();
        if (tag.Length < 3 || tag[0] != '"' || tag[^1] != '"' || !long.TryParse(tag[1..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        revision = number;
        return true;
    }
}
