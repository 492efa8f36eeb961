using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.ClusterTests;

/// <summary>Asks every node for everything that can be read, and compares the answers.</summary>
internal sealed class SameAnswers(Arena arena)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Fields that differ from node to node, or from one moment to the next, and should.</summary>
    private static readonly Dictionary<string, string[]> OfItsOwn = new()
    {
        ["/api/v1/cluster"] = ["self", "journal", "readModel"],
        ["/api/v1/cluster/answers"] = ["medianSeconds", "p99Seconds", "slowestSeconds"],
        ["/api/v1/queues/{name}/explain"] = ["at"],
        ["/openapi/v1.json"] = ["servers"],
    };

    /// <summary>Every GET of the API's own description, with something that is there in the place of each parameter. A stream does not end, and is compared on its own.</summary>
    /// <returns>How many questions were asked.</returns>
    public async Task<int> CompareAsync()
    {
        var paths = await PathsAsync();
        foreach (var (template, path) in paths)
        {
            await Arena.EventuallyAsync(
                async () => (await AnswersAsync(template, path)).Distinct().Count() == 1,
                Patience,
                async () => $"{path} is answered the same by all nodes:\n{string.Join('\n', (await AnswersAsync(template, path)).Select(a => a.Length > 1_500 ? a[..1_500] : a))}");
        }

        return paths.Count;
    }

    private async Task<IReadOnlyList<(string Template, string Path)>> PathsAsync()
    {
        var api = arena.Nodes[0].Api;
        var instance = await FirstAsync("api/v1/instances?limit=1", "id");
        var task = await FirstAsync("api/v1/tasks?limit=1", "id");
        var revision = (await api.GetFromJsonAsync<JsonObject>("api/v1/configuration/revisions?limit=1"))!["items"]![0]!["revision"]!.ToString();
        var document = (await api.GetFromJsonAsync<JsonObject>("openapi/v1.json"))!["paths"]!.AsObject();
        List<(string, string)> paths = [("/openapi/v1.json", "/openapi/v1.json")];
        foreach (var (template, operations) in document)
        {
            if (operations!["get"] is null || template is "/api/v1/events")
                continue;
            var name = template.Split('/') switch
            {
                [_, "api", "v1", "queues", ..] => Document.Free[0],
                [_, "api", "v1", "pools", ..] => Document.PoolOf(Document.Free[0]),
                [_, "api", "v1", "budgets", ..] => "lab",
                [_, "api", "v1", "providers", ..] => "cloud",
                [_, "api", "v1", "sources", ..] => "embedded",
                _ => "",
            };
            var id = template.Contains("/tasks/", StringComparison.Ordinal) ? task : instance;
            var path = template.Replace("{name}", name, StringComparison.Ordinal).Replace("{id}", id, StringComparison.Ordinal).Replace("{revision}", revision, StringComparison.Ordinal);
            Assert.DoesNotContain('{', path);
            paths.Add((template, path));
        }

        return paths;

        async Task<string> FirstAsync(string path, string field) => (await api.GetFromJsonAsync<JsonObject>(path))!["items"]![0]![field]!.GetValue<string>();
    }

    private async Task<IReadOnlyList<string>> AnswersAsync(string template, string path) => [.. await Task.WhenAll(arena.Nodes.Select(async node =>
    {
        using var answer = await node.Api.GetAsync(new Uri(path, UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true && JsonNode.Parse(text) is JsonObject json)
        {
            json.Remove("traceId");
            foreach (var field in OfItsOwn.GetValueOrDefault(template, []))
                json.Remove(field);
            text = json.ToJsonString();
        }

        return $"{(int)answer.StatusCode} {answer.Headers.ETag} {text}";
    }))];
}
