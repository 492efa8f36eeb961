using System.ComponentModel;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Audit;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;
using ControlPlane.Http;
using ControlPlane.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Providers;

/// <summary>The declared providers, under <c>/api/v1/providers</c>.</summary>
internal static class ProviderEndpoints
{
    public static void MapProviders(this IEndpointRouteBuilder api)
    {
        var providers = api.MapGroup("/providers").WithTags("Providers");
        providers.MapGet("/", ListAsync).WithSummary("All providers, by name").ProducesProblem(400).ProducesProblem(503);
        providers.MapPost("/{name}/check", CheckAsync).RequireAuthorization(Policies.Operator).Audited("check", "provider", "name").WithSummary("Look over a provider and its pools: credentials, permissions, what its pools refer to; nothing is launched").ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        providers.MapGet("/{name}", GetAsync).WithSummary("One provider, and how it is now").ProducesProblem(404).ProducesProblem(503);
    }

    private static async Task<Results<Ok<PageView<ProviderView>>, ProblemHttpResult>> ListAsync(
        EntityAsks entities,
        PageQuery pages,
        [Description(PageQuery.LimitText)] int? limit,
        [Description(PageQuery.AfterText)] string? after,
        CancellationToken cancel)
    {
        if (!pages.TryRead(limit, after, out var request, out var problem))
            return problem;
        var catalog = await entities.CatalogAsync(cancel);
        var page = Page.Of(catalog.Configuration.Providers, p => p.Name, request);
        var views = await Task.WhenAll(page.Items.Select(async p => ProviderView.From(p, await LiveAsync(entities, p, cancel))));
        return TypedResults.Ok(new PageView<ProviderView>(views, page.Next));
    }

    private static async Task<Results<Ok<ProviderView>, ProblemHttpResult>> GetAsync(string name, EntityAsks entities, CancellationToken cancel)
    {
        var catalog = await entities.CatalogAsync(cancel);
        return catalog.Configuration.Providers.FirstOrDefault(p => p.Name == name) is { } provider
            ? TypedResults.Ok(ProviderView.From(provider, await entities.GatewayAsync(provider.Name, cancel)))
            : Problems.NotFound("provider", name);
    }

    private static async Task<Results<Ok<ProviderReportView>, ProblemHttpResult>> CheckAsync(string name, EntityAsks entities, Connections connections, CancellationToken cancel)
    {
        var catalog = await entities.CatalogAsync(cancel);
        if (catalog.Configuration.Providers.FirstOrDefault(p => p.Name == name) is not { } provider)
            return Problems.NotFound("provider", name);
        if (connections.Provider(provider) is not IProviderCheck check)
            return Problems.Conflict("no-check", "There is nothing to check", $"Provider {name} is of the kind {provider.Kind}, which needs no credentials and refers to nothing.");
        var report = await check.CheckAsync([.. catalog.Configuration.Pools.Where(p => p.Provider == name)], cancel);
        return TypedResults.Ok(ProviderReportView.From(name, report));
    }

    /// <summary>In a list, one gateway that does not answer must not hide the others.</summary>
    private static async Task<GatewayView?> LiveAsync(EntityAsks entities, ProviderSpec provider, CancellationToken cancel)
    {
        try
        {
            return await entities.GatewayAsync(provider.Name, cancel);
        }
        catch (Exception fault) when (fault is Akka.Actor.AskTimeoutException or EntityUnavailableException)
        {
            return null;
        }
    }
}
