using System.Net;
using System.Text.RegularExpressions;
using ControlPlane.Hosting;

namespace ControlPlane.Host.Tests.Deployment;

/// <summary>
/// The manifests. Their structure is always checked; where <c>CONTROLPLANE_KUBE_BIN</c> names a folder with kube-apiserver and etcd, that server is asked too, by a dry run
/// that refuses fields that it does not know.
/// </summary>
public sealed partial class KubernetesTests
{
    private static readonly Dictionary<string, (string Version, string Path)> Kinds = new()
    {
        ["StatefulSet"] = ("apps/v1", "apis/apps/v1/namespaces/default/statefulsets"),
        ["Service"] = ("v1", "api/v1/namespaces/default/services"),
        ["ServiceAccount"] = ("v1", "api/v1/namespaces/default/serviceaccounts"),
        ["PodDisruptionBudget"] = ("policy/v1", "apis/policy/v1/namespaces/default/poddisruptionbudgets"),
        ["NetworkPolicy"] = ("networking.k8s.io/v1", "apis/networking.k8s.io/v1/namespaces/default/networkpolicies"),
    };

    private static readonly IReadOnlyList<Dictionary<string, object?>> Objects =
        [.. Directory.EnumerateFiles(RepositoryFiles.PathOf("deploy/kubernetes"), "*.yaml").Order(StringComparer.Ordinal).SelectMany(f => RepositoryFiles.Yaml($"deploy/kubernetes/{Path.GetFileName(f)}"))];

    private static Dictionary<string, object?> Pod => Of("StatefulSet").Single().Map("spec").Map("template").Map("spec");

    private static Dictionary<string, object?> Container => Assert.Single(Pod.List("containers")).Map();

    [Fact]
    public void Objects_AreOfKnownKinds_AndNamedOnce()
    {
        Assert.Equal(Kinds.Keys.Order(StringComparer.Ordinal), Objects.Select(o => o.Text("kind")!).Distinct().Order(StringComparer.Ordinal));
        Assert.All(Objects, o => Assert.Equal(Kinds[o.Text("kind")!].Version, o.Text("apiVersion")));
        Assert.All(Objects, o => Assert.Matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", o.Map("metadata").Text("name")));
        Assert.Equal(Objects.Count, Objects.Select(o => (o.Text("kind"), o.Map("metadata").Text("name"))).Distinct().Count());
    }

    [Fact]
    public void Selectors_FindThePods()
    {
        var labels = Of("StatefulSet").Single().Map("spec").Map("template").Map("metadata").Map("labels");
        var selectors = Objects.SelectMany(o => YamlWalk.Maps(o.Map("spec"))).SelectMany(m => m.Where(e => e.Key is "matchLabels" or "selector").Select(e => e.Value.Map()))
            .Where(s => !s.ContainsKey("matchLabels")).ToList();

        Assert.True(selectors.Count >= 6);
        Assert.All(selectors.SelectMany(s => s), s => Assert.Equal(s.Value, labels.GetValueOrDefault(s.Key)));
        Assert.Equal(Of("StatefulSet").Single().Map("spec").Text("serviceName"), Of("Service").Single(s => s.Map("spec").Text("clusterIP") == "None").Map("metadata").Text("name"));
        Assert.Equal(Pod.Text("serviceAccountName"), Of("ServiceAccount").Single().Map("metadata").Text("name"));
    }

    [Fact]
    public void Ports_Volumes_AndFiles_AreThere()
    {
        var ports = Container.List("ports").Select(p => p.Map()).ToDictionary(p => p.Text("name")!, p => p.Text("containerPort")!);
        Assert.All(Of("Service").SelectMany(s => s.Map("spec").List("ports")).Select(p => p.Map()), p => Assert.Equal(p.Text("port"), ports[p.Text("targetPort")!]));
        foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" }.Select(p => Container.Map(p).Map("httpGet")))
        {
            Assert.Contains(probe.Text("port")!, ports.Keys);
            Assert.Contains(probe.Text("path"), new[] { "/health/live", "/health/ready" });
        }

        Assert.Equal("/health/ready", Container.Map("readinessProbe").Map("httpGet").Text("path"));
        var mounts = Container.List("volumeMounts").Select(m => m.Map()).ToDictionary(m => m.Text("name")!, m => m.Text("mountPath")!);
        Assert.Equal(Pod.List("volumes").Select(v => v.Map().Text("name")!).Order(StringComparer.Ordinal), mounts.Keys.Order(StringComparer.Ordinal));
        var environment = Container.List("env").Select(e => e.Map()).Where(e => e.ContainsKey("value")).ToDictionary(e => e.Text("name")!, e => e.Text("value")!);
        Assert.All(environment.Keys.Where(k => k != NodeSettings.FolderVariable), k => Assert.True(ProgramSettings.Knows(k), $"The program has no setting {k}."));
        Assert.All(environment.Where(e => e.Key.EndsWith("File", StringComparison.Ordinal)), e => Assert.Contains(Path.GetDirectoryName(e.Value)!, mounts.Values));
        Assert.Contains(environment[NodeSettings.FolderVariable], mounts.Values);

        // Every secret that is mounted is made by a command in the page, with the files that the settings name.
        var page = RepositoryFiles.Read("deploy/README.md");
        foreach (var secret in Pod.List("volumes").Select(v => v.Map().Map("secret").Text("secretName")).OfType<string>())
            Assert.Contains($"kubectl create secret generic {secret} ", page, StringComparison.Ordinal);
        Assert.All(environment.Where(e => e.Key.EndsWith("File", StringComparison.Ordinal)), e => Assert.Matches($"[/=]{Regex.Escape(Path.GetFileName(e.Value))}[ =\n]", page));
    }

    [Fact]
    public void Pods_AreGuarded()
    {
        Assert.Equal("false", Pod.Text("automountServiceAccountToken"));
        Assert.Equal(("true", "10001"), (Pod.Map("securityContext").Text("runAsNonRoot"), Pod.Map("securityContext").Text("runAsUser")));
        Assert.Equal("RuntimeDefault", Pod.Map("securityContext").Map("seccompProfile").Text("type"));
        var context = Container.Map("securityContext");
        Assert.Equal(("false", "true"), (context.Text("allowPrivilegeEscalation"), context.Text("readOnlyRootFilesystem")));
        Assert.Equal(["ALL"], context.Map("capabilities").List("drop"));
        Assert.DoesNotContain(Container.List("env").Select(e => e.Map()), e => e.Text("name")!.Contains("ConnectionString", StringComparison.Ordinal));
        Assert.Equal("1", Of("PodDisruptionBudget").Single().Map("spec").Text("maxUnavailable"));
    }

    [Fact]
    public async Task ARealServer_WhereThereIsOne_TakesThem_AndRefusesWhatItDoesNotKnow()
    {
        // Without the server the structure above is all that is checked: an empty list of answers is no refusal.
        using var server = KubeServer.StartWhereThereIsOne();
        List<string> refused = [];
        foreach (var file in server is null ? [] : Directory.EnumerateFiles(RepositoryFiles.PathOf("deploy/kubernetes"), "*.yaml"))
        {
            foreach (var document in Separator().Split(await File.ReadAllTextAsync(file)))
            {
                var kind = Kind().Match(document).Groups["kind"].Value;
                var (status, answer) = await server!.DryRunAsync(Kinds[kind].Path, Name().Match(document).Groups["name"].Value, document);
                if (status is not (HttpStatusCode.OK or HttpStatusCode.Created))
                    refused.Add($"{kind}: {answer}");
            }
        }

        Assert.True(refused.Count == 0, string.Join("\n", refused));
        if (server is not null)
        {
            var misspelt = (await File.ReadAllTextAsync(RepositoryFiles.PathOf("deploy/kubernetes/statefulset.yaml"))).Replace("readOnlyRootFilesystem", "readonlyRootFilesystem", StringComparison.Ordinal);
            Assert.NotEqual(HttpStatusCode.Created, (await server.DryRunAsync(Kinds["StatefulSet"].Path, "controlplane", misspelt)).Status);
        }
    }

    private static IEnumerable<Dictionary<string, object?>> Of(string kind) => Objects.Where(o => o.Text("kind") == kind);

    [GeneratedRegex("^---$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^kind: (?<kind>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex(@"^  name: (?<name>\S+)$", RegexOptions.Multiline)]
    private static partial Regex Name();
}
