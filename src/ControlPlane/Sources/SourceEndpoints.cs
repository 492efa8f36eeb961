using System.ComponentModel;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Sources;
using ControlPlane.Domain.Catalog;
using ControlPlane.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Sources;

/// <summary>The declared sources, under <c>/api/v1/sources</c>.</summary>
internal static class SourceEndpoints
{
    public static void MapSources(this IEndpointRouteBuilder api)
    {
        var sources = api.MapGroup("/sources").WithTags("Sources");
        sources.MapGet("/", ListAsync).WithSummary("All sources, by name").ProducesProblem(400).ProducesProblem(503);
        sources.MapGet("/{name}", GetAsync).WithSummary("One source, and how it is now").ProducesProblem(404).ProducesProblem(503);
    }

    private static async Task<Results<Ok<PageView<SourceView>>, ProblemHttpResult>> ListAsync(
        EntityAsks entities,
        PageQuery pages,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        var catalog = await entities.CatalogAsync(cancel);
        var page = Page.Of(catalog.Configuration.Sources, s => s.Name, request);
        var views = await Task.WhenAll(page.Items.Select(async s => SourceView.From(s, await LiveAsync(entities, s, cancel))));
        return TypedResults.Ok(new PageView<SourceView>(views, page.Next));
    }

    private static async Task<Results<Ok<SourceView>, ProblemHttpResult>> GetAsync(string name, EntityAsks entities, CancellationToken cancel)
    {
        var catalog = await entities.CatalogAsync(cancel);
        return catalog.Configuration.Sources.FirstOrDefault(s => s.Name == name) is { } source
            ? TypedResults.Ok(SourceView.From(source, await entities.WatcherAsync(source.Name, cancel)))
            : Problems.NotFound("source", name);
    }

    /// <summary>In a list, one watcher that does not answer must not hide the others.</summary>
    private static async Task<WatcherView?> LiveAsync(EntityAsks entities, SourceSpec source, CancellationToken cancel)
    {
        try
        {
            return await entities.WatcherAsync(source.Name, cancel);
        }
        catch (Exception fault) when (fault is Akka.Actor.AskTimeoutException or EntityUnavailableException)
        {
            return null;
        }
    }
}
