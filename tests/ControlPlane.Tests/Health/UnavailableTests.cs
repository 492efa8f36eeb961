using System.Net;
using System.Text.Json;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using ControlPlane.Actors;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Host.Tests.Hosting;
using ControlPlane.Http;
using ControlPlane.Providers.Storage;
using ControlPlane.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Host.Tests.Health;

/// <summary>A node whose catalog never answers and whose journal fails when told to.</summary>
public sealed class UnavailableTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-ill-").FullName;
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddControlPlaneStorage(new StorageOptions { Path = _folder, ProbeInterval = TimeSpan.FromHours(1) });
        builder.Services.AddSingleton(EntityHosting.Manifests).AddReadModel().AddProjection(new ProjectionOptions());
        builder.Services.AddAkka("ill", (akka, _) => akka
            .WithControlPlaneCluster()
            .AddHocon("akka.loglevel = OFF\nakka.stdout-loglevel = OFF", HoconAddMode.Prepend)
            .WithActors((system, registry) =>
            {
                registry.Register<CatalogProxy>(system.ActorOf(Props.Create<Silent>()));
                registry.Register<ScalerRegion>(system.ActorOf(Props.Create<Refusing>()));
            }));
        builder.Services.AddControlPlaneApi(new HttpApiOptions { AskTimeout = TimeSpan.FromMilliseconds(200) });
        builder.Services.AddControlPlaneSecurity(DatabaseKind.Sqlite, $"Data Source={Path.Combine(_folder, StorageOptions.FileName)}", new SecurityOptions(), Listening.Of("http://127.0.0.1:1"));
        _app = builder.Build();
        _app.MapControlPlaneApi().MapGet("/refused", (EntityAsks entities, CancellationToken cancel) => entities.ScalerAsync("gpu", cancel));
        _app.MapPost("/echo", (Echo echo) => echo);
        _app.MapGet("/defect", string () => throw new InvalidOperationException("the secret of the defect"));
        await _app.StartAsync();
        _http = _app.GetTestClient();
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public async Task Ready_JournalFails_IsUnreadyWithEveryReason()
    {
        _app.Services.GetRequiredService<JournalHealth>().Failed(new IOException("No space left on device"));
        using var answer = await _http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var health = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("unready", health.GetProperty("status").GetString());
        var reasons = health.GetProperty("reasons").EnumerateArray().ToDictionary(r => r.GetProperty("check").GetString()!, r => r.GetProperty("reason").GetString()!);
        Assert.Contains("No space left on device", reasons["journal"], StringComparison.Ordinal);
        Assert.Contains(reasons.Keys, k => k is "entities" or "cluster");
    }

    [Fact]
    public async Task Live_WhateverIsIll_IsLive() => Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("/health/live")).StatusCode);

    [Theory]
    [InlineData("/api/v1/sources", "did not answer in time")]
    [InlineData("/api/v1/configuration", "did not answer in time")]
    [InlineData("/api/v1/refused", "starting again after a failure")]
    public async Task Entity_DoesNotAnswer_IsUnavailableAndMayBeAskedAgain(string path, string says)
    {
        using var answer = await _http.GetAsync(path);
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.ServiceUnavailable, "unavailable", answer);
        Assert.Contains(says, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("1", answer.Headers.RetryAfter?.ToString());
    }

    [Theory]
    [InlineData("{\"count\": \"many\"}", "count")]
    [InlineData("{\"inner\": {\"on\": 7}}", "inner.on")]
    [InlineData("{", "body")]
    public async Task Json_ThatDoesNotFit_IsRefusedNamingThePath(string json, string path)
    {
        using var answer = await _http.PostAsync("/echo", new StringContent(json, System.Text.Encoding.UTF8, "application/json"));
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request", answer);
        Assert.Equal(path, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task Defect_IsInternalErrorWithoutItsMessage()
    {
        var problem = await ApiFixture.ProblemAsync(HttpStatusCode.InternalServerError, "internal-error", await _http.GetAsync("/defect"));
        Assert.DoesNotContain("the secret", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private sealed record Echo(int Count, Inner? Inner);

    private sealed record Inner(bool On);

    private sealed class Silent : UntypedActor
    {
        protected override void OnReceive(object message)
        {
        }
    }

    private sealed class Refusing : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(new ShellRefusal(message is ShardingEnvelope e ? e.EntityId : "?", RefusalReason.Restarting));
    }
}
