using System.Text.Json;
using System.Text.RegularExpressions;
using ControlPlane.Cli;
using ControlPlane.Host.Tests.Cli;

namespace ControlPlane.Host.Tests.Deployment;

/// <summary>The Dockerfile, read by a small parser of our own: there is no container engine where the tests run.</summary>
public sealed partial class DockerfileTests
{
    private static readonly HashSet<string> Instructions =
        ["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];

    private static readonly IReadOnlyList<(string Name, string Body)> Lines = Parse(RepositoryFiles.Read("Dockerfile"));

    [Fact]
    public void EveryInstruction_IsOne_AndItsArgumentsHaveTheRightForm()
    {
        Assert.All(Lines, line => Assert.Contains(line.Name, Instructions));
        Assert.All(Lines, line => Assert.NotEmpty(line.Body));
        Assert.Contains(Lines.TakeWhile(l => l.Name != "FROM"), l => l.Name == "ARG");
        Assert.All(Lines.TakeWhile(l => l.Name != "FROM"), l => Assert.Equal("ARG", l.Name));
        Assert.All(Lines.Where(l => l.Name is "ENTRYPOINT" or "CMD" or "VOLUME"), l => Assert.NotEmpty(Words(l.Body)));
        Assert.All(Lines.Where(l => l.Name == "ENV"), l => Assert.Matches(@"^(\w+=\S+\s*)+$", l.Body));
        Assert.All(Lines.Where(l => l.Name == "EXPOSE"), l => Assert.Matches(@"^\d+( \d+)*$", l.Body));
    }

    [Fact]
    public void Stages_AreNamed_PinnedAndUsed()
    {
        var arguments = Lines.Where(l => l.Name == "ARG").Select(l => l.Body.Split('=')).ToDictionary(a => a[0], a => a[1]);
        var stages = Lines.Where(l => l.Name == "FROM").Select(l => From().Match(l.Body)).ToList();

        Assert.Equal(["build", "runtime"], stages.Select(s => s.Groups["stage"].Value));
        foreach (var image in stages.Select(s => Variable().Replace(s.Groups["image"].Value, m => arguments[m.Groups["name"].Value])))
            Assert.Matches(@"^[a-z0-9./-]+:\d+\.\d+$", image);
        Assert.All(Lines.Where(l => l.Body.StartsWith("--from=", StringComparison.Ordinal)), l => Assert.StartsWith("--from=build ", l.Body, StringComparison.Ordinal));
    }

    [Fact]
    public void WhatIsCopied_IsThere_AndNotIgnored()
    {
        var rules = RepositoryFiles.Read(".dockerignore").Split('\n').Where(l => l.Length > 0 && l[0] != '#').ToList();
        Assert.Equal("*", rules[0]);
        var sources = Lines.Where(l => l.Name == "COPY" && !l.Body.StartsWith("--", StringComparison.Ordinal)).SelectMany(l => l.Body.Split(' ')[..^1]).ToList();

        Assert.True(sources.Count > 10);
        foreach (var source in sources)
        {
            var folder = Path.GetDirectoryName(source.TrimEnd('/'))!;
            Assert.True(source.EndsWith('/') ? Directory.Exists(RepositoryFiles.PathOf(source)) : Directory.EnumerateFiles(RepositoryFiles.PathOf(folder), Path.GetFileName(source)).Any(), $"{source} is not there.");
            Assert.True(rules.Any(r => r == $"!{source}" || (r.EndsWith('/') && source.StartsWith(r[1..], StringComparison.Ordinal))), $".dockerignore hides {source}.");
        }

        // Every floor's packages are restored before the code is copied, by the lock files.
        Assert.All(new[] { "Domain", "Simulation", "Providers", "Actors", "ControlPlane" }, floor => Assert.Contains($"src/{floor}/packages.lock.json", sources));
        Assert.Contains(Lines, l => l.Name == "RUN" && l.Body.Contains("--locked-mode", StringComparison.Ordinal));
    }

    [Fact]
    public void TheLastStage_RunsAsNobodySpecial_AndAsksItselfHowItIs()
    {
        var runtime = Lines.SkipWhile(l => !l.Body.EndsWith("AS runtime", StringComparison.Ordinal)).ToList();

        Assert.Matches("^[1-9][0-9]{3,}:[1-9][0-9]{3,}$", runtime.Last(l => l.Name == "USER").Body);
        Assert.DoesNotContain(runtime.SkipWhile(l => l.Name != "USER"), l => l.Name is "RUN" or "COPY" or "ADD");
        Assert.Equal("SIGTERM", runtime.Single(l => l.Name == "STOPSIGNAL").Body);
        var health = Health().Match(runtime.Single(l => l.Name == "HEALTHCHECK").Body);
        Assert.True(health.Success);
        string[] entry = Words(runtime.Single(l => l.Name == "ENTRYPOINT").Body);
        Assert.Equal(["/app/controlplane"], entry);
        AssertIsAVerb(Words(health.Groups["command"].Value), entry[0]);
        AssertIsAVerb([entry[0], .. Words(runtime.Single(l => l.Name == "CMD").Body)], entry[0]);
        var variables = runtime.Where(l => l.Name == "ENV").SelectMany(l => l.Body.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(e => e.Split('=')[0]).Where(n => n.StartsWith("CONTROLPLANE_", StringComparison.Ordinal));
        Assert.All(variables, v => Assert.True(ProgramSettings.Knows(v), $"The program has no setting {v}."));
    }

    [Theory]
    [InlineData("FROM a:1.0 AS x\nRUN one \\\n  two # no comment\n\n# comment\nUSER 1:1\n", "FROM a:1.0 AS x|RUN one two # no comment|USER 1:1")]
    [InlineData("RUN one \\\n# between\n  two\n", "RUN one two")]
    public void TheParser_JoinsLines(string text, string parsed) => Assert.Equal(parsed, string.Join('|', Parse(text).Select(l => $"{l.Name} {l.Body}")));

    /// <summary>A command in a container is a verb of the program with options that it has.</summary>
    internal static void AssertIsAVerb(IReadOnlyList<string> command, string program)
    {
        Assert.Equal(program, command[0]);
        using var server = new ScriptedServer();
        var root = CommandLine.Build(CommandResult.Parts(server, new Terminal(TextWriter.Null, TextWriter.Null, TextReader.Null, false, _ => null)));
        Assert.Empty(root.Parse([.. command.Skip(1)]).Errors);
    }

    private static string[] Words(string json) => JsonSerializer.Deserialize<string[]>(json)!;

    private static List<(string Name, string Body)> Parse(string text)
    {
        List<(string, string)> lines = [];
        var pending = "";
        foreach (var line in text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
        {
            pending = pending.Length == 0 ? line : $"{pending} {line}";
            if (pending.EndsWith('\\'))
            {
                pending = pending[..^1].TrimEnd();
                continue;
            }

            var space = pending.IndexOf(' ', StringComparison.Ordinal);
            lines.Add(space < 0 ? (pending, "") : (pending[..space], pending[(space + 1)..].Trim()));
            pending = "";
        }

        Assert.Equal("", pending);
        return lines;
    }

    [GeneratedRegex(@"^(?<image>\S+) AS (?<stage>[a-z]+)$")]
    private static partial Regex From();

    [GeneratedRegex(@"\$\{(?<name>\w+)\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^(--(interval|timeout|start-period|retries)=\w+ )+CMD (?<command>\[.+\])$")]
    private static partial Regex Health();
}
