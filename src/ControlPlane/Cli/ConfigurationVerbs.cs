using System.CommandLine;
using System.Text.Json.Nodes;
using ControlPlane.Catalog;

namespace ControlPlane.Cli;

/// <summary><c>apply</c>, <c>validate</c> and <c>schema</c>.</summary>
internal static class ConfigurationVerbs
{
    public const string Path = "/api/v1/configuration";
    public const string Yaml = "application/yaml";

    public static IEnumerable<Command> Build(Verbs verbs)
    {
        var file = new Option<string>("--file", "-f") { Description = "The document; - reads standard input.", HelpName = "FILE", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print what would change, and change nothing." };
        var adopt = new Option<bool>("--adopt") { Description = "Then let each queue take over the machines that another autoscaler started for it. Stop that one first." };
        var revision = new Option<long?>("--expect-revision") { Description = "Refuse if another revision is in force than this one.", HelpName = "N" };
        yield return verbs.Make(
            "apply",
            "Put a configuration in force, as a whole or not at all.",
            (i, cancel) => ApplyAsync(i, i.Value(file), i.Value(dryRun), i.Value(revision), i.Value(adopt), cancel),
            file, dryRun, revision, adopt);
        yield return verbs.Make(
            "validate", "Check a configuration without a server: every fault with its place and what to write instead.", (i, cancel) => ValidateAsync(i, i.Value(file), cancel), file);
        yield return verbs.Make("schema", "Print the JSON schema of the configuration, for editors.", (i, _) =>
        {
            i.Terminal.Output.Write(ConfigurationSchema.Generate());
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static async Task<int> ValidateAsync(Invocation i, string file, CancellationToken cancel)
    {
        var parsed = ConfigurationDocument.Parse(await i.ReadAsync(file, ConfigurationDocument.MaxBytes, cancel));
        if (parsed.Configuration is not { } configuration)
        {
            Complain(i, file, parsed.Faults);
            return ExitCode.Refused;
        }

        i.Say($"{file} is valid: {Printable.Count(configuration.Queues.Count, "queue")}, {Printable.Count(configuration.Pools.Count, "pool")}, "
            + $"{Printable.Count(configuration.Budgets.Count, "budget")}.");
        return ExitCode.Ok;
    }

    private static async Task<int> ApplyAsync(Invocation i, string file, bool dryRun, long? revision, bool adopt, CancellationToken cancel)
    {
        var text = await i.ReadAsync(file, ConfigurationDocument.MaxBytes, cancel);

        // Checked here first: the faults come with the file's name, and without a request.
        var parsed = ConfigurationDocument.Parse(text);
        if (parsed.Configuration is not { } configuration)
        {
            Complain(i, file, parsed.Faults);
            return ExitCode.Refused;
        }

        using var api = i.Connect();
        var answer = await PutAsync(api, text, dryRun, revision, cancel);
        var changes = answer.Items("changes").ToList();
        foreach (var change in changes)
            i.Say(change.Text("sentence") ?? change.Scalar() ?? change.ToJsonString());
        var now = answer.Text("revision") is { } number ? $" Revision {number} is in force." : "";
        i.Say((changes.Count, dryRun) switch
        {
            (0, _) => $"Nothing changes.{now}",
            (_, true) => $"{Printable.Count(changes.Count, "change")}, none of them made: this was a dry run.{now}",
            _ => $"{Printable.Count(changes.Count, "change")} made.{now}",
        });
        foreach (var queue in adopt && !dryRun ? configuration.Queues : [])
            await AdoptVerb.TakeOverAsync(i, api, queue.Name.Value, cancel);
        return ExitCode.Ok;
    }

    public static async Task<JsonNode?> PutAsync(ApiClient api, string text, bool dryRun, long? revision, CancellationToken cancel)
    {
        var answer = await api.SendAsync(
            new ApiRequest(HttpMethod.Put, dryRun ? $"{Path}?dryRun=true" : Path)
            {
                Body = text,
                ContentType = Yaml,
                IfMatch = revision?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
            cancel);
        return answer.Json();
    }

    private static void Complain(Invocation i, string file, IReadOnlyList<DocumentFault> faults)
    {
        foreach (var fault in faults)
            i.Remark($"{file}:{fault}");
        i.Remark($"{Printable.Count(faults.Count, "fault")}; nothing was changed.");
    }
}
