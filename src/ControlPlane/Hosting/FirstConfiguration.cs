using System.Data.Common;
using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Shell;
using ControlPlane.Audit;
using ControlPlane.Catalog;
using ControlPlane.Domain.Catalog;
using ControlPlane.Health;
using ControlPlane.Providers.Plugins;

namespace ControlPlane.Hosting;

/// <summary>
/// Applies the configuration file that the node was started with, if any; a node that never had a configuration gets a small default. Asks until the
/// catalog answers: it may still be recovering.
/// </summary>
internal sealed partial class FirstConfiguration(NodeOptions node, IReadOnlyActorRegistry registry, PolicyPlugins plugins, AuditLog audit, TimeProvider time, ILogger<FirstConfiguration> log)
    : BackgroundService, IReadinessCheck
{
    private volatile bool settled;

    /// <summary>A configuration that was refused is settled too: what was in force stays in force, and the log says why.</summary>
    public ReasonView? Reason => settled ? null : new ReasonView("configuration", "The configuration that the node was started with is not applied yet.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var regions = new Regions(registry);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(250), time);
        do
        {
            try
            {
                var answer = await regions.AskCatalogAsync<object>(new CatalogQuery(), node.AskTimeout, stoppingToken).ConfigureAwait(false);
                if (answer is CatalogView view && await TryApplyAsync(regions, view, stoppingToken).ConfigureAwait(false))
                {
                    settled = true;
                    return;
                }
            }
            catch (AskTimeoutException)
            {
                StillWaiting(log);
            }
            catch (DbException fault)
            {
                // The audit cannot be written while the database is away, and without its entry nothing is changed.
                NotApplied(log, node.ConfigurationFile ?? "default configuration", fault.Message);
            }
        }
        while (await pause.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <returns>False if it is to be tried again; a configuration that was refused is not.</returns>
    private async Task<bool> TryApplyAsync(Regions regions, CatalogView view, CancellationToken cancel)
    {
        if (node.ConfigurationFile is null && view.Revision > 0)
            return true;
        var (text, by) = node.ConfigurationFile is { } file
            ? (await File.ReadAllTextAsync(file, cancel).ConfigureAwait(false), $"file {Path.GetFileName(file)}")
            : (await DefaultTextAsync(cancel).ConfigureAwait(false), "default configuration");
        var document = ConfigurationDocument.Parse(text);
        IReadOnlyList<DocumentFault> faults = document.Configuration is { } read ? [.. PluginRules.Check(read, plugins).Select(document.Locate)] : document.Faults;
        if (document.Configuration is not { } configuration || faults.Count > 0)
        {
            foreach (var fault in faults)
                Faulty(log, by, fault.ToString());
            return true;
        }

        // The token is the content's own: a repeated start with the same file asks for nothing new.
        var token = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
        var entry = await audit.BeginAsync(new AuditAct(new AuditCaller(by, "node", null), "apply", "configuration", "configuration"), cancel).ConfigureAwait(false);
        var reply = await regions.AskCatalogAsync<object>(
            new CatalogCommand.Apply(configuration, view.Revision, by, $"{token}-{view.Revision}"), node.AskTimeout, cancel).ConfigureAwait(false);
        switch (reply)
        {
            case CatalogReply.Applied applied:
                Applied(log, by, applied.Revision, applied.Changes.Count);
                await audit.EndAsync(entry, AuditLog.Done, [.. AuditChanges.Of(applied)], cancel).ConfigureAwait(false);
                break;
            case CatalogReply.Refused refused:
                foreach (var fault in refused.Faults)
                    Faulty(log, by, fault.ToString());
                await audit.EndAsync(entry, AuditLog.Refused, [], cancel).ConfigureAwait(false);
                break;
            case CatalogReply.Unchanged:
                await audit.EndAsync(entry, AuditLog.Done, [], cancel).ConfigureAwait(false);
                break;
            case ShellRefusal refusal:
                NotApplied(log, by, refusal.Reason.ToString());
                return false;
        }

        return true;
    }

    private static async Task<string> DefaultTextAsync(CancellationToken cancel)
    {
        await using var resource = typeof(FirstConfiguration).Assembly.GetManifestResourceStream("ControlPlane.Hosting.default.yaml")!;
        using var reader = new StreamReader(resource);
        return await reader.ReadToEndAsync(cancel).ConfigureAwait(false);
    }

    [LoggerMessage(3001, LogLevel.Information, "Configuration of {By} is in force as revision {Revision} ({Changes} changes)")]
    private static partial void Applied(ILogger log, string by, long revision, int changes);

    [LoggerMessage(3002, LogLevel.Error, "Configuration of {By} was refused, and what was in force stays: {Fault}")]
    private static partial void Faulty(ILogger log, string by, string fault);

    [LoggerMessage(3003, LogLevel.Warning, "Configuration of {By} was not applied, and is tried again: {Reason}")]
    private static partial void NotApplied(ILogger log, string by, string reason);

    [LoggerMessage(3004, LogLevel.Debug, "The catalog has not answered yet")]
    private static partial void StillWaiting(ILogger log);
}
