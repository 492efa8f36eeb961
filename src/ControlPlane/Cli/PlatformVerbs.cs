using System.CommandLine;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary><c>check provider</c> and <c>console</c>: what only a compute platform can tell.</summary>
internal static class PlatformVerbs
{
    public static IEnumerable<Command> Build(Verbs verbs)
    {
        yield return Verbs.Group("check", "Look over what a configuration refers to.", Check(verbs));
        yield return Console(verbs);
    }

    private static Command Check(Verbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "The provider." };
        var output = new Option<string>("--output", "-o") { Description = "text or json.", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        return verbs.Make(
            "provider",
            "Check a provider's credentials, its permissions and all that its pools refer to. Nothing is launched.",
            async (i, cancel) =>
            {
                using var api = i.Connect();
                var report = await api.PostAsync($"/api/v1/providers/{Uri.EscapeDataString(i.Value(name))}/check", new JsonObject(), cancel);
                if (i.Value(output) == "json")
                    i.Terminal.Output.WriteLine(Documents.Json(report));
                else
                    Tell(i, report);
                return report.Flag("ok") ? ExitCode.Ok : ExitCode.Refused;
            },
            name,
            output);
    }

    private static void Tell(Invocation invocation, JsonNode? report)
    {
        foreach (var finding in report.Items("findings"))
        {
            var word = finding.Text("verdict") switch { "ok" => "ok      ", "failed" => "FAILED  ", _ => "doubtful" };
            invocation.Say($"{word} {finding.Text("subject")}: {finding.Text("message")}");
            if (finding.Text("fix") is { } fix)
                invocation.Say($"         {fix}");
        }

        if (report.Text("policy") is not { } policy)
            return;
        invocation.Say("");
        invocation.Say("The least that the credentials must be allowed:");
        invocation.Terminal.Output.WriteLine(Printable.Lines(policy));
    }

    private static Command Console(Verbs verbs)
    {
        var id = new Argument<string>("ID") { Description = "The instance." };
        var bytes = new Option<int>("--bytes") { Description = "How much of its end: 1 to 65536.", HelpName = "N", DefaultValueFactory = _ => 16_384 };
        return verbs.Make(
            "console",
            "Print the end of an instance's console, as its provider has it now.",
            async (i, cancel) =>
            {
                using var api = i.Connect();
                var answer = await api.GetAsync($"/api/v1/instances/{Uri.EscapeDataString(i.Value(id))}/console?bytes={i.Value(bytes)}", cancel);
                if (answer.Text("text") is { } text)
                    i.Terminal.Output.WriteLine(Printable.Lines(text));
                else
                    i.Remark("There is nothing on it, or no longer.");
                return ExitCode.Ok;
            },
            id,
            bytes);
    }
}
