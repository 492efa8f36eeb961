using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Akka.Hosting;
using ControlPlane.Actors;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Tests.WholeNode;
using ControlPlane.Bootstrap;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Sources;
using ControlPlane.Hosting;
using ControlPlane.Http;
using ControlPlane.Providers.Aws;
using ControlPlane.Providers.ClearMl;
using ControlPlane.Providers.Storage;
using ControlPlane.Providers.Tests.ClearMl;
using ControlPlane.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ControlPlane.Host.Tests.Hosting;

/// <summary>A node in this process with all real entities, the read model and the API, on a database of its own; only the outside world is a double.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-api-").FullName;
    private readonly FakeWorld _world = new();
    private WebApplication _app = null!;

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    internal FakeWorld World => _world;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddControlPlaneStorage(new StorageOptions { Path = _folder });
        builder.Services.AddControlPlaneEntities(new ShellOptions { RepeatAfter = TimeSpan.FromMilliseconds(200) }, new CallOptions());
        builder.Services.AddSingleton<IProviderConnector>(_world).AddSingleton<ISourceConnector>(_world).AddSingleton<IPolicyRunner>(_world);
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton<ISecretReader, TestSecrets>().AddSingleton<ISourceConnector, ClearMlConnector>();
        builder.Services.AddSingleton<IProviderConnector>(new AwsConnector("test", null, new TestSecrets(), TimeProvider.System, NullLogger<AwsProvider>.Instance));
        builder.Services.AddReadModel().AddProjection(new ProjectionOptions { PollInterval = TimeSpan.FromMilliseconds(50) });
        builder.Services.AddAkka("node", (akka, services) => akka
            .AddControlPlanePersistence(services.GetRequiredService<NodeStorage>())
            .WithControlPlaneCluster()
            .WithControlPlaneEntities(services)
            .AddHocon("akka.loglevel = WARNING", HoconAddMode.Prepend));
        builder.Services.AddControlPlaneApi(new HttpApiOptions { Heartbeat = TimeSpan.FromMilliseconds(200), AskTimeout = TimeSpan.FromSeconds(20) });
        var node = new NodeOptions { DataFolder = _folder, GuestUrl = "https://control.example.org" };
        builder.Services.AddSingleton(node).AddGuests(node);
        builder.Services.AddControlPlaneSecurity(DatabaseKind.Sqlite, $"Data Source={Path.Combine(_folder, StorageOptions.FileName)}", new SecurityOptions(), Listening.Of("http://127.0.0.1:1"));
        _app = builder.Build();
        _app.MapControlPlaneApi();
        _app.MapBootstrap();
        await _app.StartAsync();
        Http = _app.GetTestClient();
        Http.Timeout = Patience;
        await EventuallyAsync(async () => (await Http.GetAsync("/api/v1/cluster")).IsSuccessStatusCode, "the node is up");
    }

    public async Task DisposeAsync()
    {
        Http?.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, true);
    }

    /// <summary>The document of some queues, each with a pool of its own name.</summary>
    public static string Document(decimal limit, int max, string idle, params string[] queues)
    {
        var text = new StringBuilder($$"""
            version: 1
            sources: [{ name: here, kind: embedded, pace: 100ms }]
            providers: [{ name: laptop, kind: local, sweepEvery: 200ms, consistencyWindow: 1s, orphanGrace: 1s }]
            budgets:
              - { name: lab, limit: {{limit:0.00}}, window: day, alertAt: [50] }
              - { name: team, parent: lab }
            pools:

            """);
        foreach (var queue in queues)
            text.Append($"  - {{ name: {queue}-pool, provider: laptop, maxInstances: {max}, leaseLength: 1m, price: 1.00, local: {{ bootDelay: 0s }} }}\n");
        text.Append("queues:\n");
        foreach (var queue in queues)
            text.Append($"  - {{ name: {queue}, source: here, budget: team, maxIdleTime: {idle}, pools: [{queue}-pool] }}\n");
        return text.ToString();
    }

    public Task<HttpResponseMessage> PutAsync(string document, string? ifMatch = null, string query = "", string type = "application/yaml")
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/configuration{query}") { Content = new StringContent(document, Encoding.UTF8, type) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return Http.SendAsync(request);
    }

    /// <summary>Applies a document that must be accepted, and waits until every entity has heard of it and the lists show it.</summary>
    public async Task ApplyAsync(string document)
    {
        using var answer = await PutAsync(document);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await EventuallyAsync(async () => (await Http.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK, "the node is ready");
        await EventuallyAsync(async () => (await GetAsync("/api/v1/cluster")) is var c && c.GetProperty("awake").GetInt32() == c.GetProperty("entities").GetInt32(), "all entities are awake");
        await EventuallyAsync(async () => (await GetAsync("/api/v1/cluster")).GetProperty("readModel") is var r && r.GetProperty("offset").GetInt64() == r.GetProperty("head").GetInt64(), "the lists are current");
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await Http.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    public async Task<JsonElement[]> ItemsAsync(string path) => [.. (await GetAsync(path)).GetProperty("items").EnumerateArray()];

    /// <summary>Every page of a list, and how many there were.</summary>
    public async Task<(IReadOnlyList<JsonElement> Items, int Pages)> AllPagesAsync(string path, int limit)
    {
        List<JsonElement> all = [];
        string? next = null;
        var pages = 0;
        do
        {
            var page = await GetAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}{(next is null ? "" : $"&after={next}")}");
            all.AddRange(page.GetProperty("items").EnumerateArray());
            next = page.GetProperty("next").GetString();
            pages++;
        }
        while (next is not null);
        return (all, pages);
    }

    /// <summary>A request that must be refused with a problem of this type.</summary>
    public async Task<JsonElement> ProblemAsync(HttpStatusCode status, string type, HttpRequestMessage request)
    {
        using var answer = await Http.SendAsync(request);
        return await ProblemAsync(status, type, answer);
    }

    public Task<JsonElement> ProblemAsync(HttpStatusCode status, string type, string path) => ProblemAsync(status, type, new HttpRequestMessage(HttpMethod.Get, path));

    public static async Task<JsonElement> ProblemAsync(HttpStatusCode status, string type, HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == answer.StatusCode, $"{(int)answer.StatusCode} {text}");
        Assert.Equal(new MediaTypeHeaderValue("application/problem+json"), answer.Content.Headers.ContentType);
        var problem = JsonDocument.Parse(text).RootElement.Clone();
        Assert.Equal($"urn:controlplane:problem:{type}", problem.GetProperty("type").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    public static async Task EventuallyAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTimeOffset.UtcNow + Patience;
        while (!await condition())
        {
            Assert.True(DateTimeOffset.UtcNow < deadline, $"After {Patience.TotalSeconds} s it is still not true that {what}.");
            await Task.Delay(50);
        }
    }
}
