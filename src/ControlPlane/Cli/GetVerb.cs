using System.CommandLine;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Spectre.Console;

namespace ControlPlane.Cli;

/// <summary>How a list is filtered and printed.</summary>
internal sealed record ListOptions(Option<string> Output, Option<string?> Queue, Option<int> Limit, Option<bool> Watch)
{
    public IEnumerable<Symbol> All => [Output, Queue, Limit, Watch];
}

/// <summary><c>get</c>: lists and single objects, as tables or documents.</summary>
internal static class GetVerb
{
    private const string Events = "/api/v1/events";
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(300);

    public static ListOptions ListOptions()
    {
        var output = new Option<string>("--output", "-o") { Description = "table, wide, json or yaml.", HelpName = "FORMAT", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "wide", "json", "yaml");
        var limit = new Option<int>("--limit") { Description = "How many at most: 1 to 100000.", HelpName = "N", DefaultValueFactory = _ => 100 };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out var number) && number is >= 1 and <= 100_000))
                result.AddError("--limit takes a number from 1 to 100000.");
        });
        return new ListOptions(
            output,
            new Option<string?>("--queue") { Description = "Only what belongs to this queue.", HelpName = "QUEUE" },
            limit,
            new Option<bool>("--watch", "-w") { Description = "Print again whenever it changes." });
    }

    public static Command Build(Verbs verbs)
    {
        var what = new Argument<string>("WHAT") { HelpName = "WHAT", Description = string.Join(", ", Resources.All.Select(r => r.Name)) };
        what.AcceptOnlyFromAmong([.. Resources.All.Select(r => r.Name)]);
        var name = new Argument<string?>("NAME") { Description = "One of them. For entries, the budget.", Arity = ArgumentArity.ZeroOrOne };
        var options = ListOptions();
        var verb = verbs.Make("get", "Print what there is.", (i, cancel) => RunAsync(i, Resources.Find(i.Value(what)), i.Value(name), options, cancel), [what, name, .. options.All]);
        verb.Validators.Add(result =>
        {
            if (result.GetResult(what) is not { Tokens: [var token] } || Resources.All.FirstOrDefault(r => r.Name == token.Value) is not { } resource)
                return;
            var named = result.GetResult(name) is { Tokens.Count: > 0 };
            if (resource.Naming == Naming.ManyOfOne && !named)
                result.AddError($"Name the budget: get {resource.Name} NAME.");
            if (resource.Naming is Naming.Single or Naming.Many && named)
                result.AddError($"'get {resource.Name}' takes no name.");
            if (!resource.ByQueue && result.GetResult(options.Queue) is { Implicit: false })
                result.AddError($"'get {resource.Name}' takes no --queue.");
        });
        return verb;
    }

    public static Task<int> ListAsync(Invocation i, Resource resource, ListOptions options, string? filter, CancellationToken cancel) =>
        ShowAsync(i, options, (api, token) => ReadListAsync(i, api, resource, null, options, filter, token), resource, cancel);

    private static async Task<int> RunAsync(Invocation i, Resource resource, string? name, ListOptions options, CancellationToken cancel)
    {
        if (resource.Name == "configuration")
            return await ConfigurationAsync(i, i.Value(options.Output), cancel);

        var single = resource.Naming == Naming.Single || (name is not null && resource.Naming == Naming.ManyOrOne);
        return await ShowAsync(
            i,
            options,
            async (api, token) => single
                ? new Reading([await api.GetAsync(resource.PathOf(name), token) ?? new JsonObject()], true, false)
                : await ReadListAsync(i, api, resource, name, options, null, token),
            resource,
            cancel);
    }

    private static async Task<Reading> ReadListAsync(
        Invocation i, ApiClient api, Resource resource, string? name, ListOptions options, string? filter, CancellationToken cancel)
    {
        var path = resource.PathOf(name);
        if (filter is not null)
            path = ApiClient.With(path, filter);
        if (i.Value(options.Queue) is { } queue)
            path = ApiClient.With(path, $"queue={Uri.EscapeDataString(queue)}");
        var limit = i.Value(options.Limit);
        List<JsonNode> items = [];
        await foreach (var item in api.ListAsync(path, limit + 1, cancel))
            items.Add(item);
        return items.Count > limit ? new Reading(items[..limit], false, true) : new Reading(items, false, false);
    }

    private static async Task<int> ConfigurationAsync(Invocation i, string format, CancellationToken cancel)
    {
        using var api = i.Connect();
        var json = format == "json";
        var answer = await api.SendAsync(new ApiRequest(HttpMethod.Get, ConfigurationVerbs.Path) { Accept = json ? "application/json" : ConfigurationVerbs.Yaml }, cancel);
        i.Terminal.Output.WriteLine(json ? Documents.Json(answer.Json()) : Printable.Lines(answer.Body.TrimEnd('\n')));
        return ExitCode.Ok;
    }

    private static async Task<int> ShowAsync(
        Invocation i, ListOptions options, Func<ApiClient, CancellationToken, Task<Reading>> read, Resource resource, CancellationToken cancel)
    {
        using var api = i.Connect();
        var format = i.Value(options.Output);
        var reading = await read(api, cancel);
        Print(i, reading, resource, format);
        if (!i.Value(options.Watch))
            return ExitCode.Ok;

        var shown = Fingerprint(reading);
        await foreach (var _ in SignalsAsync(i, api, cancel))
        {
            reading = await read(api, cancel);
            var now = Fingerprint(reading);
            if (now == shown)
                continue;
            if (i.Terminal.Interactive && format is "table" or "wide")
                i.Terminal.Out.Clear();
            else
                i.Terminal.Output.WriteLine();
            Print(i, reading, resource, format);
            shown = now;
        }

        return ExitCode.Ok;
    }

    /// <summary>One each time that something changed at the server, and every two seconds in case its events do not get through.</summary>
    private static async IAsyncEnumerable<bool> SignalsAsync(
        Invocation i, ApiClient api, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        await using var timer = i.Time.CreateTimer(_ => signals.Writer.TryWrite(true), null, _look, _look);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var listening = ListenAsync(api, signals.Writer, end.Token);
        try
        {
            while (!cancel.IsCancellationRequested && await signals.Reader.ReadAsync(cancel))
            {
                yield return true;
                await i.Time.PauseAsync(_shortest, cancel);
            }
        }
        finally
        {
            await end.CancelAsync();
            await listening;
        }
    }

    private static async Task ListenAsync(ApiClient api, ChannelWriter<bool> signals, CancellationToken cancel)
    {
        try
        {
            await foreach (var _ in api.EventsAsync(Events, cancel))
                signals.TryWrite(true);
        }
        catch (Exception e) when (e is RefusedException or UnreachableServerException or IOException or HttpRequestException or OperationCanceledException)
        {
            // Without events the timer still looks; a server that is gone is told by the next read.
        }
    }

    private static string Fingerprint(Reading reading) => string.Concat(reading.Items.Select(n => n.ToJsonString()));

    private static void Print(Invocation i, Reading reading, Resource resource, string format)
    {
        var whole = reading.Single ? reading.Items[0] : new JsonArray([.. reading.Items.Select(n => n.DeepClone())]);
        if (format == "json")
            i.Terminal.Output.WriteLine(Documents.Json(whole));
        else if (format == "yaml" || reading.Single)
            i.Terminal.Output.WriteLine(Documents.Yaml(whole));
        else if (reading.Items.Count == 0)
            i.Remark($"There are no {resource.Name}.");
        else
            i.Terminal.Out.Write(Listing.Render(reading.Items, resource.Columns, format == "wide", i.Terminal.Interactive, i.Time.GetUtcNow()));

        if (reading.More)
            i.Remark($"There are more: these are the first {reading.Items.Count}. See --limit.");
    }

    /// <param name="Items">What was read.</param>
    /// <param name="Single">It is one object and no list.</param>
    /// <param name="More">There are more than were asked for.</param>
    private sealed record Reading(IReadOnlyList<JsonNode> Items, bool Single, bool More);
}
