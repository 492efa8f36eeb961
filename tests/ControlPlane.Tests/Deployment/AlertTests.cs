using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ControlPlane.Host.Tests.Hosting;

namespace ControlPlane.Host.Tests.Deployment;

/// <summary>The alert rules ask for metrics that a node really has, and the page on operations says what to do about each alert.</summary>
[Collection(AloneCollection.Name)]
public sealed partial class AlertTests(ApiFixture node) : IClassFixture<ApiFixture>
{
    // Words of PromQL, labels and values that are no metrics; and what Prometheus itself adds.
    private static readonly HashSet<string> Words = ["sum", "by", "le", "rate", "increase", "histogram_quantile", "absent", "unless", "on", "and", "or", "up"];

    private static readonly IReadOnlyList<Dictionary<string, object?>> Rules =
        [.. RepositoryFiles.Yaml("deploy/prometheus/alerts.yml")[0].List("groups").SelectMany(g => g.Map().List("rules")).Select(r => r.Map())];

    [Fact]
    public async Task Rules_AskForMetricsThatAreExported()
    {
        await node.ApplyAsync(ApiFixture.Document(10, 1, "10m", "watched"));
        var scraped = "";

        string[] some = ["controlplane_budget_dollars", "controlplane_node_ready", "http_server_request_duration_seconds_count"];
        await ApiFixture.EventuallyAsync(
            async () => some.All((scraped = await node.Http.GetStringAsync("/metrics")).Contains), "the gauges and the requests are shown");
        var shown = Sample().Matches(scraped).Select(m => m.Groups["name"].Value).ToHashSet();

        // Counters of what has not happened are not shown. Their names follow from the instruments, by the rule that the shown ones confirm.
        var exported = Instruments().SelectMany(NamesOf).ToHashSet();
        Assert.All(shown.Where(n => n.StartsWith("controlplane_", StringComparison.Ordinal)), n => Assert.Contains(n, exported));
        var asked = Rules.SelectMany(r => Metric().Matches(Quoted().Replace(r.Text("expr")!, "\"\"")).Select(m => m.Value)).Where(n => n.Contains('_', StringComparison.Ordinal) && !Words.Contains(n)).ToHashSet();
        Assert.True(asked.Count >= 10, string.Join(", ", asked));
        Assert.All(asked.Where(n => !n.StartsWith("http_", StringComparison.Ordinal)), n => Assert.Contains(n, exported));
        Assert.All(asked.Where(n => n.StartsWith("http_", StringComparison.Ordinal)), n => Assert.Contains(n, shown.Append("http_response_status_code")));
    }

    [Fact]
    public void Rules_AreWhole()
    {
        Assert.All(Rules, r => Assert.Equal([], r.Keys.Except(["alert", "expr", "for", "labels", "annotations"])));
        Assert.Equal(Rules.Count, Rules.Select(r => r.Text("alert")).Distinct().Count());
        Assert.All(Rules, r => Assert.Contains(r.Map("labels").Text("severity"), new[] { "warning", "critical" }));
        Assert.All(Rules, r => Assert.EndsWith(".", r.Map("annotations").Text("summary")!.Split(": controlplane ")[0].TrimEnd('.') + ".", StringComparison.Ordinal));
        Assert.All(Rules, r => Assert.True(Balanced(r.Text("expr")!), r.Text("expr")));
        Assert.All(Rules.Where(r => r.ContainsKey("for")), r => Assert.Matches("^[0-9]+[smh]$", r.Text("for")));
        var page = RepositoryFiles.Read("docs/operations.md");
        Assert.All(Rules, r => Assert.Contains($"`{r.Text("alert")}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void TheScrapeConfiguration_ReadsTheRules_AndEveryNode()
    {
        var file = RepositoryFiles.Yaml("deploy/prometheus/prometheus.yml").Single();
        var job = file.List("scrape_configs").Single().Map();
        var compose = RepositoryFiles.Yaml("docker-compose.yml").Single().Map("services");

        Assert.Equal(["/etc/prometheus/alerts.yml"], file.List("rule_files"));
        Assert.Contains("./deploy/prometheus/alerts.yml:/etc/prometheus/alerts.yml:ro", compose.Map("prometheus").List("volumes"));
        Assert.Equal(
            compose.Keys.Where(k => k.StartsWith("node-", StringComparison.Ordinal)).Select(k => $"{k}:8470"),
            job.List("static_configs").SelectMany(c => c.Map().List("targets")).Cast<string>().Order(StringComparer.Ordinal));
        Assert.Contains("metrics-token", compose.Map("prometheus").List("secrets"));
        Assert.Equal("/run/secrets/metrics-token", job.Map("authorization").Text("credentials_file"));
        Assert.Contains($"job=\"{job.Text("job_name")}\"", Rules[0].Text("expr"), StringComparison.Ordinal);
    }

    /// <summary>Every instrument of the product: those of the running node, and those of types that have not been used.</summary>
    private static IReadOnlyList<Instrument> Instruments()
    {
        string[] floors = ["controlplane", "ControlPlane.Actors", "ControlPlane.Providers"];
        foreach (var type in AppDomain.CurrentDomain.GetAssemblies().Where(a => floors.Contains(a.GetName().Name)).SelectMany(a => a.GetTypes()))
        {
            var fields = type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly);
            if (!type.ContainsGenericParameters && fields.Any(f => f.FieldType.IsAssignableTo(typeof(Instrument))))
                RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }

        List<Instrument> found = [];
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => found.Add(instrument) };
        listener.Start();
        return [.. found.Where(i => i.Meter.Name == "ControlPlane")];
    }

    private static IEnumerable<string> NamesOf(Instrument instrument)
    {
        var unit = instrument.Unit switch { null or "" => "", "s" => "_seconds", ['{', ..] => "", var other => $"_{other}" };
        var name = instrument.Name.Replace('.', '_') + unit;
        return instrument.GetType().Name.Split('`')[0] switch
        {
            "Counter" => [$"{name}_total"],
            "Histogram" => [$"{name}_bucket", $"{name}_sum", $"{name}_count"],
            _ => [name],
        };
    }

    private static bool Balanced(string expression)
    {
        var depth = 0;
        foreach (var c in Quoted().Replace(expression, ""))
        {
            depth += c is '(' or '{' or '[' ? 1 : c is ')' or '}' or ']' ? -1 : 0;
            if (depth < 0)
                return false;
        }

        return depth == 0;
    }

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][\w:]*)[{ ]", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex(@"[a-zA-Z_][a-zA-Z0-9_]*")]
    private static partial Regex Metric();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();
}
