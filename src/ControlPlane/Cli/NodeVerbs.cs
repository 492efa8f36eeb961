using System.CommandLine;

namespace ControlPlane.Cli;

/// <summary><c>run</c>, and what runs beside a node: <c>worker</c>, <c>simulate</c>, <c>emulate</c>, <c>version</c>.</summary>
internal static class NodeVerbs
{
    /// <summary>The verb <c>run</c>; the root takes the same options and does the same.</summary>
    public static IEnumerable<Command> Run(Verbs verbs, RootCommand root)
    {
        var data = new Option<string?>("--data") { Description = "Where the node keeps its database: ./data.", HelpName = "FOLDER" };
        var listen = new Option<string?>("--listen") { Description = $"The address to listen on: {RunArguments.DefaultListen}.", HelpName = "URL" };
        listen.Validators.Add(result =>
        {
            var text = result.Tokens.Count == 0 ? RunArguments.DefaultListen : result.Tokens[0].Value;
            if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                result.AddError($"'{text}' is no address to listen on. Write it in full, such as {RunArguments.DefaultListen}.");
        });
        var file = new Option<string?>("--config", "-c") { Description = "A configuration to apply as soon as the node is ready.", HelpName = "FILE" };
        var log = new Option<string?>("--log-file") { Description = "Write the log to a file instead of the console.", HelpName = "FILE" };
        var settings = new Option<string[]>("--set") { Description = "A setting, before files and variables. May be repeated.", HelpName = "SECTION:KEY=VALUE" };
        settings.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
                result.AddError($"'{token.Value}' is no setting. Write SECTION:KEY=VALUE.");
        });

        Task<int> RunAsync(Invocation invocation, CancellationToken cancel) => verbs.Parts.Run(
            new RunArguments
            {
                DataFolder = invocation.Value(data),
                ConfigurationFile = invocation.Value(file),
                Listen = invocation.Value(listen),
                LogFile = invocation.Value(log),
                Settings = invocation.Value(settings) ?? [],
            },
            cancel);

        foreach (var option in new Option[] { data, listen, file, log, settings })
            root.Add(option);
        verbs.Attach(root, RunAsync);
        yield return verbs.Make("run", "Run a node. This is what happens without a verb.", RunAsync, data, listen, file, log, settings);
    }

    public static IEnumerable<Command> Others(Verbs verbs)
    {
        yield return Passing("worker", "Run a worker that pulls tasks from a queue. 'worker --help' shows its options.", verbs.Parts.Worker);
        if (verbs.Parts.Simulate is { } simulate)
            yield return Passing("simulate", "Run the same rules on virtual time against a simulated cloud. 'simulate --help' shows its options.", simulate);
        if (verbs.Parts.Emulate is { } emulate)
            yield return Passing("emulate", "Emulate a compute platform, to try configurations and faults without an account. 'emulate --help' shows its options.", emulate);
        yield return verbs.Make("version", "Print the version.", (invocation, _) =>
        {
            invocation.Say(VersionText.Full);
            return Task.FromResult(ExitCode.Ok);
        });
    }

    /// <summary>For engines that ask a container how it is: needs no other program in the image.</summary>
    public static Command Health(Verbs verbs)
    {
        var ready = new Option<bool>("--ready") { Description = "Ask whether it may be given work, and not only whether it answers." };
        return verbs.Make(
            "health",
            "Ask a node how it is; the exit code is 0 if it is well.",
            async (i, cancel) =>
            {
                using var api = i.Connect();
                var answer = await api.GetAsync(i.Value(ready) ? "/health/ready" : "/health/live", cancel);
                i.Say(answer.Text("status") ?? throw new UnreachableServerException("The server's answer has no status in it. Is it a ControlPlane?"));
                return ExitCode.Ok;
            },
            ready);
    }

    /// <summary>A verb that reads its own arguments.</summary>
    private static Command Passing(string name, string description, Func<IReadOnlyList<string>, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        command.SetAction((parse, cancel) => run(parse.UnmatchedTokens, cancel));
        return command;
    }
}
