using System.Data.Common;
using System.Security.Cryptography.X509Certificates;
using Akka.Hosting;
using ControlPlane.Actors;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Storage;
using ControlPlane.Bootstrap;
using ControlPlane.ClearMl;
using ControlPlane.Clustering;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Sources;
using ControlPlane.Health;
using ControlPlane.Http;
using ControlPlane.Providers.Aws;
using ControlPlane.Providers.Bootstrap;
using ControlPlane.Providers.ClearMl;
using ControlPlane.Providers.Embedded;
using ControlPlane.Providers.Plugins;
using ControlPlane.Providers.Secrets;
using ControlPlane.Providers.Storage;
using ControlPlane.Security;
using ControlPlane.Tasks;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ControlPlane.Hosting;

/// <summary>The composition root: one node with its database, entities, sources, providers and API.</summary>
public static partial class NodeHost
{
    /// <summary>Builds a node. Every setting is checked at start; all faults are reported together and nothing is started.</summary>
    /// <param name="arguments">Settings as <c>--Section:Name=value</c>.</param>
    /// <param name="configure">Changes of the settings by the caller, after all other places.</param>
    /// <param name="release">What the node runs as; null for this program.</param>
    public static WebApplication Build(string[] arguments, Action<WebApplicationBuilder>? configure = null, Release? release = null)
    {
        release ??= Release.Current;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddNodeSettings(arguments);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        configure?.Invoke(builder);

        var settings = new Settings(builder.Configuration);
        var node = settings.Read<NodeOptions>(NodeOptions.Section);
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create($"{StorageOptions.Section}:{nameof(StorageOptions.Path)}", (string?)node.DataFolder)]);
        var shell = settings.Read<ShellOptions>(ShellOptions.Section);
        var calls = settings.Read<CallOptions>(CallOptions.Section);
        var projection = settings.Read<ProjectionOptions>(ProjectionOptions.Section);
        var api = settings.Read<HttpApiOptions>(HttpApiOptions.Section);
        var queue = settings.Read<EmbeddedQueueOptions>("EmbeddedQueue");
        settings.Add(queue.Faults());
        var storage = settings.Read<StorageOptions>(StorageOptions.Section);
        var cluster = settings.Read<ClusterSettings>(ClusterSettings.Section);
        var security = settings.Read<SecurityOptions>(SecurityOptions.Section);
        if (node.IsHttps && security.CertificateFile is null)
            settings.Add([$"Security:CertificateFile is missing: Node:Url is '{node.Url}', and https needs a certificate."]);
        settings.ThrowIfFaulty();

        builder.WebHost.UseUrls(node.Url);
        if (security.CertificateFile is { } certificate)
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = X509Certificate2.CreateFromPemFile(certificate, security.KeyFile)));
        builder.Services.AddSingleton(node);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddControlPlaneStorage(storage);
        builder.Services.AddControlPlaneEntities(shell, calls, release.Manifests);
        builder.Services.AddControlPlaneMembership(cluster, new NodeIdentity(node.Cluster, node.Url, release.Version));
        builder.Services.AddReadModel();
        builder.Services.AddProjection(projection);
        builder.Services.AddControlPlaneApi(api);
        Directory.CreateDirectory(node.DataFolder);
        builder.Services.AddEmbeddedQueue(DatabaseOf(storage), QueueDatabase(node, storage), queue);
        builder.Services.AddHostedService<SecurityStart>();
        builder.Services.AddControlPlaneSecurity(DatabaseOf(storage), QueueDatabase(node, storage), security, Listening.Of(node.Url));
        builder.Services.AddSingleton(_ => new WorkerTokens(ClusterKey.ReadOrCreate(node.ClusterKeyPath)));
        builder.Services.AddSingleton<IProviderConnector, LocalConnector>();
        builder.Services.AddSingleton<IProviderConnector>(sp => new AwsConnector(
            node.Cluster, sp.GetService<GuestBootstrap>(), sp.GetRequiredService<ISecretReader>(), sp.GetRequiredService<TimeProvider>(), sp.GetRequiredService<ILogger<AwsProvider>>()));
        builder.Services.AddSingleton<ISourceConnector>(sp => new EmbeddedConnector(sp.GetRequiredService<EmbeddedSource>()));
        builder.Services.TryAddSingleton<ISecretReader, NodeSecrets>();
        builder.Services.AddSingleton<ISourceConnector, ClearMlConnector>();
        builder.Services.AddGuests(node);
        builder.Services.AddSingleton(_ => PolicyPlugins.Load(node.PluginFolder));
        builder.Services.AddSingleton<IPolicyRunner, PluginPolicies>();
        builder.Services.AddAkka("controlplane", (akka, services) => akka
            .ConfigureLoggers(log =>
            {
                log.ClearLoggers();
                log.AddLoggerFactory();
            })
            .AddHocon("akka.loglevel = WARNING\nakka.stdout-loglevel = OFF", HoconAddMode.Prepend)
            .AddControlPlanePersistence(services.GetRequiredService<NodeStorage>())
            .WithControlPlaneCluster(cluster, release.Version)
            .WithControlPlaneEntities(services));
        builder.Services.AddSingleton<IDeclaredQueues, DeclaredQueues>();
        builder.Services.AddSingleton<FirstConfiguration>().AddHostedService(sp => sp.GetRequiredService<FirstConfiguration>());
        builder.Services.AddSingleton<IReadinessCheck>(sp => sp.GetRequiredService<FirstConfiguration>());
        builder.Services.AddSingleton<IReadinessCheck, DrainCheck>();
        var app = builder.Build();
        TellOfPlugins(app);
        app.MapControlPlaneApi();
        app.MapBootstrap();
        app.MapTasks();
        app.MapClearMlApi();
        return app;
    }

    internal static DatabaseKind DatabaseOf(StorageOptions storage) => storage.Provider == StorageProvider.Sqlite ? DatabaseKind.Sqlite : DatabaseKind.PostgreSql;

    /// <summary>The embedded queue lives in the node's database. Its connections to SQLite have settings of their own.</summary>
    internal static string QueueDatabase(NodeOptions node, StorageOptions storage) =>
        storage.Provider == StorageProvider.Sqlite ? $"Data Source={Path.Combine(node.DataFolder, StorageOptions.FileName)}" : storage.Source;

    private static void TellOfPlugins(WebApplication app)
    {
        var plugins = app.Services.GetRequiredService<PolicyPlugins>();
        foreach (var fault in plugins.Faults)
            PluginFaulty(app.Logger, fault.ToString());
        if (plugins.Names.Count > 0)
            PluginsLoaded(app.Logger, string.Join(", ", plugins.Names));
    }

    [LoggerMessage(3011, LogLevel.Warning, "A plug-in is not used: {Fault}")]
    private static partial void PluginFaulty(ILogger log, string fault);

    [LoggerMessage(3012, LogLevel.Information, "Plug-in policies: {Names}")]
    private static partial void PluginsLoaded(ILogger log, string names);

    /// <summary>Runs a node until it is told to stop. A node that the others have removed from the cluster starts again as a new one, in the same process.</summary>
    /// <returns>0, or 1 if its settings are faulty; they are then listed on standard error.</returns>
    public static async Task<int> RunAsync(string[] arguments, CancellationToken cancel, Action<WebApplicationBuilder>? configure = null, Release? release = null)
    {
        var again = false;
        while (true)
        {
            try
            {
                await using var app = Build(arguments, configure, release);
                var restart = app.Services.GetRequiredService<RestartWish>();
                await app.RunAsync(cancel).ConfigureAwait(false);
                if (restart.Reason is not { } reason || cancel.IsCancellationRequested)
                    return 0;
                again = true;
                await Console.Error.WriteLineAsync($"Starting again: {reason}.").ConfigureAwait(false);
            }
            catch (OptionsValidationException faults)
            {
                foreach (var fault in faults.Failures)
                    await Console.Error.WriteLineAsync(fault).ConfigureAwait(false);
                return 1;
            }
            catch (Exception fault) when (fault is InvalidOperationException or IOException or DbException)
            {
                await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
                if (!again || cancel.IsCancellationRequested)
                    return 1;
                await TimeProvider.System.DelayAsync(RestartPause, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Between two tries of a node that runs already: the database may be away for a while.</summary>
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(2);
}
