using System.CommandLine;
using System.Text.RegularExpressions;
using ControlPlane.Cli;

namespace ControlPlane.Host.Tests.Cli;

/// <summary>docs/cli.md and the command line say the same.</summary>
public sealed partial class CliDocumentTests
{
    private static readonly string _document = File.ReadAllText(Path.Combine(Root(), "docs", "cli.md"));
    private static readonly RootCommand _root =
        CommandLine.Build(CommandResult.Parts(new ScriptedServer(), new Terminal(TextWriter.Null, TextWriter.Null, TextReader.Null, false, _ => null)) with
        {
            Simulate = (_, _) => Task.FromResult(0),
            Emulate = (_, _) => Task.FromResult(0),
        });

    [Fact]
    public void EveryVerb_HasAHeadingAndAnExample() => Assert.Equal(
        Verbs(_root, "").Order(StringComparer.Ordinal),
        Heading().Matches(_document).Select(m => m.Groups["verb"].Value).Order(StringComparer.Ordinal));

    [Fact]
    public void EveryExample_IsRead()
    {
        var examples = Example().Matches(_document).Select(m => m.Groups["line"].Value).ToList();

        Assert.All(examples, line => Assert.Empty(_root.Parse(Words(line)).Errors));
        Assert.All(Verbs(_root, ""), verb => Assert.Contains(examples, e => e == verb || e.StartsWith(verb + " ", StringComparison.Ordinal)));
    }

    [Fact]
    public void EveryOption_IsNamed()
    {
        var options = Commands(_root).SelectMany(c => c.Options).Where(o => o.Name is not "--help" and not "--version").Select(o => o.Name).Distinct();

        Assert.All(options, option => Assert.Contains($"`{option}", _document, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryThingToGet_IsNamed() => Assert.All(Resources.All, r => Assert.Contains($"`{r.Name}`", _document, StringComparison.Ordinal));

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);

    private static IEnumerable<string> Verbs(Command command, string prefix) => command.Subcommands.SelectMany(
        c => c.Subcommands.Count == 0 ? [prefix + c.Name] : Verbs(c, $"{prefix}{c.Name} "));

    // Quotes are the only thing of a shell that the examples use.
    private static string[] Words(string line) => [.. Word().Matches(line.Split('#')[0]).Select(m => m.Value.Trim('\''))];

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ControlPlane.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    [GeneratedRegex(@"^### `(?<verb>[a-z ]+)`", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^controlplane (?<line>.+)$", RegexOptions.Multiline)]
    private static partial Regex Example();

    [GeneratedRegex(@"'[^']*'|\S+")]
    private static partial Regex Word();
}
