using System.Text.RegularExpressions;
using ControlPlane.Hosting;

namespace ControlPlane.Host.Tests.Deployment;

/// <summary>docker-compose.yml by the rules of the Compose specification that it touches: known keys, right kinds of values, references that lead somewhere.</summary>
public sealed partial class ComposeTests
{
    // The keys that we use, and what their values are. A key that is not here is a misspelling, or wants to be looked up and added.
    private static readonly Dictionary<string, string> ServiceKeys = new()
    {
        ["build"] = "map",
        ["image"] = "text",
        ["restart"] = "text",
        ["stop_grace_period"] = "duration",
        ["init"] = "flag",
        ["read_only"] = "flag",
        ["user"] = "text",
        ["cap_drop"] = "texts",
        ["security_opt"] = "texts",
        ["depends_on"] = "dependencies",
        ["healthcheck"] = "map",
        ["networks"] = "texts",
        ["environment"] = "map",
        ["secrets"] = "list",
        ["hostname"] = "text",
        ["ports"] = "texts",
        ["volumes"] = "texts",
        ["tmpfs"] = "texts",
        ["command"] = "texts",
        ["shm_size"] = "text",
    };

    private static readonly Dictionary<string, object?> File = Assert.Single(RepositoryFiles.Yaml("docker-compose.yml"));

    private static Dictionary<string, object?> Services => File.Map("services");

    private static IEnumerable<Dictionary<string, object?>> Nodes => Services.Where(s => s.Key.StartsWith("node-", StringComparison.Ordinal)).Select(s => s.Value.Map());

    [Fact]
    public void Keys_AreThoseOfTheSpecification()
    {
        Assert.All(File.Keys, key => Assert.True(key is "name" or "services" or "networks" or "volumes" or "secrets" || key.StartsWith("x-", StringComparison.Ordinal), key));
        Assert.Equal(["database", "node-1", "node-2", "node-3", "prometheus"], Services.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, value) in Services)
        {
            Assert.Matches("^[a-zA-Z0-9._-]+$", name);
            foreach (var (key, held) in value.Map())
            {
                Assert.True(ServiceKeys.TryGetValue(key, out var kind), $"{name}: {key} is no key of a service that we know.");
                Assert.True(IsA(kind, held), $"{name}: {key} is not a {kind}.");
            }

            Assert.True(value.Map().ContainsKey("image"), name);
            Assert.Contains(value.Map().Text("restart"), new[] { "no", "always", "on-failure", "unless-stopped" });
            Assert.All(value.Map().Map("build").Keys, k => Assert.Contains(k, new[] { "context", "dockerfile", "args", "target" }));
            Assert.All(value.Map().Map("environment").Values, v => Assert.IsType<string>(v));
        }
    }

    [Fact]
    public void References_LeadSomewhere()
    {
        foreach (var (name, value) in Services)
        {
            var service = value.Map();
            var needed = service.GetValueOrDefault("depends_on") is List<object?> list ? list.Cast<string>().ToDictionary(n => n, _ => (string?)null) : service.Map("depends_on").ToDictionary(d => d.Key, d => d.Value.Map().Text("condition"));
            foreach (var (dependency, condition) in needed)
            {
                Assert.Contains(dependency, Services.Keys);
                Assert.Contains(condition, new[] { null, "service_started", "service_healthy", "service_completed_successfully" });
                Assert.True(condition != "service_healthy" || Services.Map(dependency).ContainsKey("healthcheck"), $"{dependency} has no health check.");
            }

            Assert.All(service.List("networks"), n => Assert.Contains((string)n!, File.Map("networks").Keys));
            Assert.All(service.List("secrets"), s => Assert.Contains(s as string ?? s.Map().Text("source")!, File.Map("secrets").Keys));
            Assert.All(service.List("secrets").OfType<Dictionary<string, object?>>(), s => Assert.Equal(["source", "target"], s.Keys.Order(StringComparer.Ordinal)));
            foreach (var volume in service.List("volumes").Cast<string>().Select(v => v.Split(':')))
            {
                Assert.InRange(volume.Length, 2, 3);
                Assert.StartsWith("/", volume[1], StringComparison.Ordinal);
                Assert.True(volume[0].StartsWith("./", StringComparison.Ordinal) ? System.IO.File.Exists(RepositoryFiles.PathOf(volume[0])) : File.Map("volumes").ContainsKey(volume[0]), $"{name}: {volume[0]} is nowhere.");
            }
        }

        var used = Services.Values.SelectMany(s => s.Map().List("secrets")).Select(s => s as string ?? s.Map().Text("source")!).ToHashSet();
        Assert.Equal(File.Map("secrets").Keys.Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Ports_ArePublishedOnTheLoopbackOnly_EachOnce()
    {
        var published = Services.Values.SelectMany(s => s.Map().List("ports")).Cast<string>().Select(p => Port().Match(p)).ToList();

        Assert.All(published, p => Assert.True(p.Success));
        Assert.Equal(published.Count, published.Select(p => p.Groups["outside"].Value).Distinct().Count());
    }

    [Fact]
    public void Secrets_AreFiles_ThatTheScriptMakes_AndGitIgnores()
    {
        var script = RepositoryFiles.Read("deploy/secrets.sh");
        Assert.Contains("/deploy/secrets/", RepositoryFiles.Read(".gitignore").Split('\n'));
        foreach (var secret in File.Map("secrets").Values.Select(s => s.Map()))
        {
            Assert.Equal(["file"], secret.Keys);
            var file = Secret().Match(secret.Text("file")!);
            Assert.True(file.Success, secret.Text("file"));
            var name = file.Groups["name"].Value;
            Assert.Contains(Node().Match(name) is { Success: true } node ? node.Groups["node"].Value : name.StartsWith("ca.", StringComparison.Ordinal) ? "certs init" : name, script, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Nodes_AreGuarded_AndHaveOnlySettingsThatTheProgramKnows()
    {
        Assert.Equal(3, Nodes.Count());
        foreach (var node in Nodes)
        {
            Assert.Equal(("true", "10001:10001"), (node.Text("read_only"), node.Text("user")));
            Assert.Equal(["ALL"], node.List("cap_drop"));
            Assert.Contains("no-new-privileges:true", node.List("security_opt"));
            DockerfileTests.AssertIsAVerb([.. node.Map("healthcheck").List("test").Cast<string>().Skip(1)], "/app/controlplane");
            Assert.Equal("CMD", node.Map("healthcheck").List("test")[0]);
            var environment = node.Map("environment");
            Assert.All(environment.Keys.Where(k => k != NodeSettings.FolderVariable), k => Assert.True(ProgramSettings.Knows(k), $"The program has no setting {k}."));
            Assert.Equal(node.Text("hostname"), environment.Text("CONTROLPLANE_Cluster__PublicHost"));
            var targets = node.List("secrets").Select(s => s.Map().Text("target")!).Select(t => t.StartsWith('/') ? t : $"/run/secrets/{t}").ToList();
            Assert.All(environment.Where(e => e.Key.EndsWith("File", StringComparison.Ordinal)), e => Assert.Contains((string)e.Value!, targets));
            Assert.All(targets.Where(t => t.StartsWith(environment.Text(NodeSettings.FolderVariable)!, StringComparison.Ordinal)), t => Assert.True(ProgramSettings.Knows(Path.GetFileName(t)), t));
            Assert.DoesNotContain(environment, e => e.Key.Contains("ConnectionString", StringComparison.Ordinal) || e.Key.Contains("Password", StringComparison.Ordinal));
        }
    }

    private static bool IsA(string kind, object? value) => kind switch
    {
        "text" => value is string,
        "flag" => value is "true" or "false",
        "duration" => value is string text && Duration().IsMatch(text),
        "texts" => value is List<object?> list && list.All(i => i is string),
        "list" => value is List<object?>,
        "map" => value is Dictionary<string, object?>,
        "dependencies" => value is Dictionary<string, object?> or List<object?>,
        _ => false,
    };

    [GeneratedRegex("^([0-9]+(ms|s|m|h))+$")]
    private static partial Regex Duration();

    [GeneratedRegex(@"^127\.0\.0\.1:(?<outside>\d+):\d+$")]
    private static partial Regex Port();

    [GeneratedRegex(@"^\./deploy/secrets/(?<name>[a-z0-9.-]+)$")]
    private static partial Regex Secret();

    [GeneratedRegex(@"^(?<node>node-\d)\.(crt|key)$")]
    private static partial Regex Node();
}
