using ControlPlane.Audit;
using ControlPlane.Hosting;
using ControlPlane.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;

namespace ControlPlane.Host.Tests.Security;

/// <summary>Every endpoint of a node says who may use it, and every change has its entry in the audit.</summary>
public sealed class EndpointPolicyTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-policies-").FullName;
    private IReadOnlyList<RouteEndpoint> _endpoints = [];

    public async Task InitializeAsync()
    {
        await using var app = NodeHost.Build([$"--Node:DataFolder={_folder}", "--Node:Url=http://127.0.0.1:1"]);
        _endpoints = [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()];
        Assert.True(_endpoints.Count > 30);
    }

    public Task DisposeAsync()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, true);
        return Task.CompletedTask;
    }

    [Fact]
    public void EveryEndpoint_HasAPolicy_OrIsOpenOnPurpose()
    {
        Assert.All(_endpoints, e => Assert.True(PoliciesOf(e).Count > 0 || IsOpen(e), $"{e.RoutePattern.RawText} has no policy: add RequireAuthorization(Policies....) where it is mapped."));
        Assert.All(_endpoints.SelectMany(PoliciesOf), policy => Assert.Contains(policy, new[] { Policies.Viewer, Policies.Operator, Policies.Admin, Policies.Worker, Policies.Metrics }));
        Assert.All(_endpoints.Where(IsOpen), e => Assert.Matches("^/?(health|docs|openapi|api/v1/bootstrap)(/|$)", e.RoutePattern.RawText));
    }

    [Fact]
    public void WhatChangesSomething_IsForMoreThanViewers_AndAudited()
    {
        var changing = _endpoints.Where(e => MethodsOf(e).Any(m => m is "POST" or "PUT" or "PATCH" or "DELETE")).ToList();

        Assert.True(changing.Count > 5);
        // A machine that boots shows its ticket instead of a token.
        Assert.All(changing.Where(e => !e.RoutePattern.RawText!.StartsWith("/api/v1/bootstrap", StringComparison.Ordinal)), e => Assert.True(PoliciesOf(e).Any(p => p is Policies.Operator or Policies.Admin or Policies.Worker), $"{e.RoutePattern.RawText} changes something, and viewers may."));
        Assert.All(changing, e => Assert.True(
            e.Metadata.GetMetadata<AuditedEndpoint>() is not null || e.Metadata.GetMetadata<NotAudited>() is { Why.Length: > 10 },
            $"{e.RoutePattern.RawText} changes something: add Audited(act, kind), or NotAudited(why)."));
        Assert.All(changing, e => Assert.True(
            e.Metadata.GetMetadata<AuditedEndpoint>() is not { Route: { } route } || e.RoutePattern.Parameters.Any(p => p.Name == route), $"{e.RoutePattern.RawText} has no part of this name."));
    }

    [Theory]
    [InlineData("/api/v1/configuration/", "PUT", Policies.Admin)]
    [InlineData("/api/v1/tokens/", "POST", Policies.Admin)]
    [InlineData("/api/v1/audit", "GET", Policies.Admin)]
    [InlineData("/api/v1/queues/{name}/drain", "POST", Policies.Operator)]
    [InlineData("/api/v1/instances/{id}/terminate", "POST", Policies.Operator)]
    [InlineData("/api/v1/queues/", "GET", Policies.Viewer)]
    [InlineData("/metrics", "GET", Policies.Metrics)]
    public void Endpoints_AreForWhomTheyAre(string route, string method, string policy)
    {
        var endpoint = Assert.Single(_endpoints, e => e.RoutePattern.RawText == route && (MethodsOf(e).Count == 0 || MethodsOf(e).Contains(method)));
        Assert.Equal(policy, PoliciesOf(endpoint)[^1]);
    }

    private static IReadOnlyList<string> PoliciesOf(RouteEndpoint endpoint) => [.. endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy ?? "")];

    private static bool IsOpen(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    private static IReadOnlyList<string> MethodsOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
}
