using System.CommandLine;
using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ControlPlane.Audit;
using ControlPlane.Domain.Catalog;
using ControlPlane.Hosting;
using ControlPlane.Security;
using Microsoft.Extensions.Options;

namespace ControlPlane.Cli;

/// <summary>
/// <c>tokens</c>: makes, lists and revokes API tokens. Works on the node's database, so that the first token can be made before there is one; where a server is named,
/// by the server.
/// </summary>
internal static class TokenVerbs
{
    private const string Path = "/api/v1/tokens";

    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    private static readonly IReadOnlyList<Column> _columns =
    [
        Column.Of("ID", "id"),
        Column.Of("NAME", "name"),
        Column.Of("ROLE", "role"),
        Column.Of("STATE", "state"),
        Column.OfTime("CREATED", "createdAt"),
        Column.Of("BY", "createdBy"),
        Column.OfTime("EXPIRES", "expiresAt"),
    ];

    public static Command Build(Verbs verbs)
    {
        var data = new Option<string?>("--data") { Description = "The node's data folder: ./data.", HelpName = "FOLDER" };
        var settings = new Option<string[]>("--set") { Description = "A setting of the node, such as Storage:ConnectionString. May be repeated.", HelpName = "SECTION:KEY=VALUE" };
        var name = new Argument<string>("NAME") { Description = "Whose token it is; the audit names it." };
        var role = new Option<string>("--role") { Description = "worker, viewer, operator or admin.", HelpName = "ROLE", Required = true };
        role.AcceptOnlyFromAmong([.. Enum.GetValues<Role>().Select(Policies.Word)]);
        var expires = new Option<TimeSpan?>("--expires")
        {
            Description = "After how long it allows nothing, such as 90d: never.",
            HelpName = "DURATION",
            CustomParser = result =>
            {
                if (DurationText.TryParse(result.Tokens[0].Value, out var length) && length > TimeSpan.Zero)
                    return length;
                result.AddError($"'{result.Tokens[0].Value}' is no duration. Write a number with its unit, such as 90d or 12h.");
                return null;
            },
        };
        var id = new Argument<string>("ID") { Description = "The token's id, as 'tokens list' shows it." };
        var output = new Option<string>("--output", "-o") { Description = "table or json.", HelpName = "FORMAT", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");

        Task<int> RunAsync(Invocation i, Func<ApiClient, Task<int>> online, Func<TokenStore, Task<int>> offline, CancellationToken cancel) =>
            ChooseAsync(i, [.. (i.Value(settings) ?? []).Select(s => $"--{s}"), .. i.Value(data) is { } folder ? [$"--Node:DataFolder={folder}"] : Array.Empty<string>()], online, offline);

        return Verbs.Group(
            "tokens",
            "Make, list and revoke API tokens: in the node's database, or at a server that --server names.",
            verbs.Make(
                "create",
                "Make a token and print it. It is printed once and cannot be read again.",
                (i, cancel) => RunAsync(i, api => CreateAsync(i, api, i.Value(name), i.Value(role), i.Value(expires), cancel), store => CreateAsync(i, store, i.Value(name), i.Value(role), i.Value(expires), cancel), cancel),
                name, role, expires, data, settings),
            verbs.Make("list", "Print all tokens that ever were, without their secrets.", (i, cancel) => RunAsync(i, api => ListAsync(i, api, i.Value(output), cancel), store => ListAsync(i, store, i.Value(output), cancel), cancel), output, data, settings),
            verbs.Make("revoke", "Revoke a token. Running nodes refuse it within two seconds.", (i, cancel) => RunAsync(i, api => RevokeAsync(i, api, i.Value(id), cancel), store => RevokeAsync(i, store, i.Value(id), cancel), cancel), id, data, settings));
    }

    private static async Task<int> ChooseAsync(Invocation i, string[] settings, Func<ApiClient, Task<int>> online, Func<TokenStore, Task<int>> offline)
    {
        if (i.NamesServer)
        {
            using var api = i.Connect();
            return await online(api);
        }

        try
        {
            using var database = NodeSettings.OpenDatabase(settings);
            return await offline(new TokenStore(database, new AuditLog(database, new Listening(Environment.MachineName, true), i.Time), i.Time));
        }
        catch (OptionsValidationException faults)
        {
            throw new FaultyInputException(string.Join('\n', faults.Failures));
        }
        catch (Exception fault) when (fault is DbException or IOException or UnauthorizedAccessException or InvalidOperationException or Providers.Storage.DatabaseSchemaException)
        {
            throw new FaultyInputException($"The node's database cannot be used: {fault.Message}");
        }
    }

    private static AuditCaller Self => new($"{Environment.UserName}@{Environment.MachineName}", "command line", null);

    private static async Task<int> CreateAsync(Invocation i, TokenStore store, string name, string role, TimeSpan? expires, CancellationToken cancel)
    {
        var now = i.Time.GetUtcNow();
        if (TokenRules.Faults(name, role, now + expires, now) is { Count: > 0 } faults)
            throw new FaultyInputException(string.Join('\n', faults.Select(f => $"{f.Key}: {f.Value[0]}")));
        var (token, record) = await store.CreateAsync(name, Policies.Parse(role)!.Value, now + expires, Self, cancel);
        return Told(i, token.Text, record.Id);
    }

    private static async Task<int> CreateAsync(Invocation i, ApiClient api, string name, string role, TimeSpan? expires, CancellationToken cancel)
    {
        var body = new JsonObject { ["name"] = name, ["role"] = role };
        if (expires is { } length)
            body["expiresAt"] = (i.Time.GetUtcNow() + length).ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        var answer = await api.PostAsync(Path, body, cancel);
        return Told(i, answer.Text("secret") ?? throw new UnreachableServerException("The server's answer has no token in it. Is it a ControlPlane?"), answer.Text("token.id") ?? "");
    }

    private static int Told(Invocation i, string secret, string id)
    {
        i.Say(secret);
        i.Remark($"This is the only time that it is shown. Revoke it with 'controlplane tokens revoke {id}'.");
        return ExitCode.Ok;
    }

    private static async Task<int> ListAsync(Invocation i, TokenStore store, string format, CancellationToken cancel)
    {
        var now = i.Time.GetUtcNow();
        return Print(i, [.. (await store.ListAsync(cancel)).Select(t => JsonSerializer.SerializeToNode(TokenView.From(t, now), _json)!)], format);
    }

    private static async Task<int> ListAsync(Invocation i, ApiClient api, string format, CancellationToken cancel) => Print(i, [.. (await api.GetAsync(Path, cancel)).Items("items")], format);

    private static int Print(Invocation i, IReadOnlyList<JsonNode> tokens, string format)
    {
        if (format == "json")
            i.Terminal.Output.WriteLine(Documents.Json(new JsonArray([.. tokens.Select(t => t.DeepClone())])));
        else if (tokens.Count == 0)
            i.Remark("There are no tokens.");
        else
            i.Terminal.Out.Write(Listing.Render(tokens, _columns, false, i.Terminal.Interactive, i.Time.GetUtcNow()));
        return ExitCode.Ok;
    }

    private static async Task<int> RevokeAsync(Invocation i, TokenStore store, string id, CancellationToken cancel) => await store.RevokeAsync(id, Self, cancel) is { } record
        ? Revoked(i, record.Name)
        : throw new FaultyInputException($"There is no token '{id}'. See 'controlplane tokens list'.");

    private static async Task<int> RevokeAsync(Invocation i, ApiClient api, string id, CancellationToken cancel) =>
        Revoked(i, (await api.PostAsync($"{Path}/{Uri.EscapeDataString(id)}/revoke", null, cancel)).Text("name") ?? id);

    private static int Revoked(Invocation i, string name)
    {
        i.Say($"The token of {name} is revoked.");
        return ExitCode.Ok;
    }
}
