using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using ControlPlane.Audit;
using ControlPlane.ClearMl;
using ControlPlane.Domain.Queues;
using ControlPlane.Http;
using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Storage;
using ControlPlane.Security;
using ControlPlane.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Host.Tests.Security;

/// <summary>A host in this process with tasks, tokens, audit and ClearML's calls, guarded as a node is, on a clock and a database of its own.</summary>
internal sealed class GuardedHost : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-guarded-").FullName;
    private readonly WebApplication _app;

    private GuardedHost(string url, SecurityOptions? options)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.Services.AddEmbeddedQueue(DatabaseKind.Sqlite, Database);
        builder.Services.AddControlPlaneSecurity(DatabaseKind.Sqlite, Database, options ?? new SecurityOptions(), Listening.Of(url));
        builder.Services.AddSingleton(new WorkerTokens(new byte[32])).AddSingleton(new HttpApiOptions()).AddSingleton<PageQuery>().AddProblemDetails();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)));
        _app = builder.Build();
        _app.UseAuthentication();
        _app.UseAuthorization();
        var api = _app.MapGroup("/api/v1");
        api.MapTokens();
        api.MapAudit();
        _app.MapTasks();
        _app.MapClearMlApi();
        _app.MapGet("/forgotten", () => "no policy of its own");
        _app.MapGet("/metrics", () => "figures").RequireAuthorization(Policies.Metrics);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 31, 8, 0, 0, TimeSpan.Zero));

    public HttpClient Http { get; private set; } = null!;

    public TokenStore Tokens => _app.Services.GetRequiredService<TokenStore>();

    public AuditLog Audit => _app.Services.GetRequiredService<AuditLog>();

    public AuthenticationGate Gate => _app.Services.GetRequiredService<AuthenticationGate>();

    public string Database => $"Data Source={DatabaseFile}";

    public string DatabaseFile => Path.Combine(_folder, "node.db");

    public static async Task<GuardedHost> StartAsync(string url = "http://127.0.0.1:1", SecurityOptions? options = null)
    {
        var host = new GuardedHost(url, options);
        await host._app.StartAsync();
        host.Http = host._app.GetTestClient();
        await host._app.Services.GetRequiredService<EmbeddedQueue>().EnsureQueuesAsync([new QueueName("gpu")], default);
        return host;
    }

    /// <summary>A new token with this role.</summary>
    public async Task<string> TokenAsync(Role role, TimeSpan? lifetime = null) =>
        (await Tokens.CreateAsync($"{role} of the test", role, Time.GetUtcNow() + lifetime, new AuditCaller("test", "admin", null), default)).Token.Text;

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token, object? body = null, string scheme = "Bearer")
    {
        var request = new HttpRequestMessage(method, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue(scheme, token);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        return Http.SendAsync(request);
    }

    public async Task<HttpStatusCode> StatusAsync(string path, string? token) => (await SendAsync(HttpMethod.Get, path, token)).StatusCode;

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}
