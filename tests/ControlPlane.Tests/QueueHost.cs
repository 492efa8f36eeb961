using System.Net.Http.Json;
using System.Text.Json;
using ControlPlane.ClearMl;
using ControlPlane.Domain.Queues;
using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Storage;
using ControlPlane.Security;
using ControlPlane.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Host.Tests;

/// <summary>A host in this process with the embedded queue's endpoints and nothing else, on a database of its own.</summary>
internal sealed class QueueHost : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("controlplane-tasks-").FullName;
    private readonly WebApplication _app;

    private QueueHost()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddEmbeddedQueue(
            DatabaseKind.Sqlite,
            $"Data Source={Path.Combine(_folder, "queue.db")}",
            new EmbeddedQueueOptions { LogFollowPeriod = TimeSpan.FromMilliseconds(10) });
        builder.Services.AddControlPlaneSecurity(DatabaseKind.Sqlite, $"Data Source={Path.Combine(_folder, "queue.db")}", new SecurityOptions(), Listening.Of("http://127.0.0.1:1"));
        _app = builder.Build();
        _app.MapClearMlApi();
        _app.MapTasks();
    }

    public HttpClient Http { get; private set; } = null!;

    public EmbeddedQueue Queue => _app.Services.GetRequiredService<EmbeddedQueue>();

    public static async Task<QueueHost> StartAsync()
    {
        var host = new QueueHost();
        await host._app.StartAsync();
        host.Http = host._app.GetTestClient();
        await host.Queue.EnsureQueuesAsync([new QueueName("gpu")], default);
        return host;
    }

    /// <summary>Makes a call of ClearML's API that must succeed, and returns its data.</summary>
    public async Task<JsonElement> CallAsync(string call, object? request = null)
    {
        var envelope = await EnvelopeAsync(await Http.PostAsJsonAsync($"/{call}", request ?? new { }));
        var meta = envelope.GetProperty("meta");
        Assert.True(meta.GetProperty("result_code").GetInt32() == 200, $"{call}: {meta}");
        return envelope.GetProperty("data");
    }

    /// <summary>Makes a call that must be refused, and returns its code, subcode and message.</summary>
    public async Task<(int Code, int Subcode, string Message)> RefusedAsync(string call, object? request = null)
    {
        var response = await Http.PostAsJsonAsync($"/{call}", request ?? new { });
        var meta = (await EnvelopeAsync(response)).GetProperty("meta");
        Assert.Equal((int)response.StatusCode, meta.GetProperty("result_code").GetInt32());
        Assert.NotEqual(200, meta.GetProperty("result_code").GetInt32());
        return (meta.GetProperty("result_code").GetInt32(), meta.GetProperty("result_subcode").GetInt32(), meta.GetProperty("result_msg").GetString()!);
    }

    public static async Task<JsonElement> EnvelopeAsync(HttpResponseMessage response) => JsonDocument.Parse(await response.Content.ReadAsStreamAsync()).RootElement;

    public async Task<string> QueueIdAsync() => (await CallAsync("queues.get_all", new { name = "^gpu$" })).GetProperty("queues")[0].GetProperty("id").GetString()!;

    public async Task<string> SubmitAsync(object? task = null)
    {
        var response = await Http.PostAsJsonAsync("/api/v1/tasks", task ?? new { queue = "gpu", command = new[] { "python", "train.py" } });
        Assert.Equal(System.Net.HttpStatusCode.Created, response.StatusCode);
        return (await EnvelopeAsync(response)).GetProperty("id").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}
