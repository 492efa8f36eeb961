using ControlPlane.ClearMl;
using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Storage;
using ControlPlane.Providers.Tests.ClearMl;
using ControlPlane.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Host.Tests.ClearMl;

/// <summary>Our own queue, by its ClearML endpoints, over HTTP.</summary>
public sealed class EmbeddedContractTests : ClearMlSourceContract
{
    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-clearml-").FullName;
    private WebApplication? app;

    protected override async Task<string> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddEmbeddedQueue(DatabaseKind.Sqlite, $"Data Source={Path.Combine(folder, "queue.db")}");
        builder.Services.AddControlPlaneSecurity(DatabaseKind.Sqlite, $"Data Source={Path.Combine(folder, "queue.db")}", new SecurityOptions(), Listening.Of("http://127.0.0.1:1"));
        app = builder.Build();
        app.MapClearMlApi();
        await app.StartAsync();
        return app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    protected override async Task StopAsync()
    {
        if (app is not null)
            await app.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }
}
