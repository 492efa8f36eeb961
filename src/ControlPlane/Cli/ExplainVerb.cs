using System.CommandLine;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary><c>explain queue</c>: why a queue has the machines that it has, and why not more.</summary>
internal static class ExplainVerb
{
    public static Command Build(Verbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "The queue." };
        var output = new Option<string>("--output", "-o") { Description = "text, json or yaml.", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json", "yaml");
        return Verbs.Group(
            "explain",
            "Say why something is as it is.",
            verbs.Make(
                "queue",
                "Say why a queue has the machines that it has, and why not more.",
                async (i, cancel) =>
                {
                    using var api = i.Connect();
                    var answer = await api.GetAsync($"/api/v1/queues/{Uri.EscapeDataString(i.Value(name))}/explain", cancel);
                    i.Terminal.Output.WriteLine(i.Value(output) switch
                    {
                        "json" => Documents.Json(answer),
                        "yaml" => Documents.Yaml(answer),
                        _ => Text(answer),
                    });
                    return ExitCode.Ok;
                },
                name,
                output));
    }

    /// <summary>The server's sentences, one a line. A server that sends none is shown as it answers.</summary>
    private static string Text(JsonNode? answer)
    {
        var sentences = answer.Items("sentences").Select(s => s.Scalar()).OfType<string>().Select(Printable.Line).ToList();
        return sentences.Count > 0 ? string.Join('\n', sentences) : Documents.Yaml(answer);
    }
}
