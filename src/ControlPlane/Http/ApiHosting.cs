using System.Text.Json;
using System.Text.Json.Serialization;
using ControlPlane.Audit;
using ControlPlane.Budgets;
using ControlPlane.Catalog;
using ControlPlane.Changes;
using ControlPlane.Clustering;
using ControlPlane.Health;
using ControlPlane.Instances;
using ControlPlane.Metrics;
using ControlPlane.Pools;
using ControlPlane.Providers;
using ControlPlane.Providers.Plugins;
using ControlPlane.Queues;
using ControlPlane.Scaling;
using ControlPlane.Security;
using ControlPlane.Sources;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenTelemetry.Metrics;
using Scalar.AspNetCore;

namespace ControlPlane.Http;

/// <summary>The whole HTTP API: what it needs, and its routes.</summary>
public static class ApiHosting
{
    /// <summary>
    /// Registers the API. It needs the actor system with the entities, the storage, the read model
    /// (<see cref="Actors.ReadModel.ReadModelHosting.AddReadModel"/> with <see cref="Actors.ReadModel.ReadModelHosting.AddProjection"/>), and
    /// <see cref="SecurityHosting.AddControlPlaneSecurity"/>.
    /// </summary>
    public static IServiceCollection AddControlPlaneApi(this IServiceCollection services, HttpApiOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(PolicyPlugins.None);
        services.AddSingleton(options).AddSingleton<EntityAsks>().AddSingleton<InstanceConsoles>().AddSingleton<PageQuery>().AddSingleton<Readiness>();
        services.AddSingleton<ReadModelGauges>().AddHostedService(sp => sp.GetRequiredService<ReadModelGauges>());
        services.AddHostedService<ReadyGauge>();
        services.AddExceptionHandler<ApiExceptionHandler>().AddProblemDetails();
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false)));
        services.AddOpenApi("v1", ApiDocument.Describe);
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("ControlPlane", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
            .AddPrometheusExporter());
        return services;
    }

    /// <summary>
    /// Maps <c>/api/v1</c>, <c>/health</c>, <c>/metrics</c>, <c>/openapi/v1.json</c> and <c>/docs</c>. Call it before other routes: it also puts the handler of
    /// faults in front of them.
    /// </summary>
    /// <returns>The group of <c>/api/v1</c>, for routes beside those of this method.</returns>
    public static RouteGroupBuilder MapControlPlaneApi(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseAuthentication();
        app.UseAuthorization();
        var api = app.MapGroup("/api/v1");
        var known = api.MapGroup("").RefuseUnknownQuery().RequireAuthorization(Policies.Viewer);
        known.MapSources();
        known.MapProviders();
        known.MapPools();
        known.MapQueues();
        known.MapInstances();
        known.MapBudgets();
        known.MapDecisions();
        known.MapCluster();
        known.MapConfiguration();
        known.MapChanges();
        known.MapTokens();
        known.MapAudit();
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(Policies.Metrics);
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        app.MapScalarApiReference("/docs", ApiDocument.Show).AllowAnonymous();
        return api;
    }
}
