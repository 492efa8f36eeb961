using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using ControlPlane.Host.Tests.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ControlPlane.Host.Tests.Http;

public sealed partial class ApiDocumentTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Document_ListsEveryRouteWithASummary()
    {
        var paths = (await api.GetAsync("/openapi/v1.json")).GetProperty("paths");
        var routes = api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => (Path: Constraint().Replace(e.RoutePattern.RawText!.TrimEnd('/'), "}"), Method: m.ToLowerInvariant())))
            .ToList();
        Assert.True(routes.Count > 20);
        foreach (var (path, method) in routes)
        {
            Assert.True(paths.TryGetProperty(path, out var item) || paths.TryGetProperty(path + "/", out item), $"{path} is missing");
            Assert.True(item.TryGetProperty(method, out var operation), $"{method} {path} is missing");
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
        }
    }

    [Fact]
    public async Task Document_ListsTheQueryOfAList()
    {
        var paths = (await api.GetAsync("/openapi/v1.json")).GetProperty("paths");
        var list = paths.TryGetProperty("/api/v1/instances", out var found) ? found : paths.GetProperty("/api/v1/instances/");
        var names = list.GetProperty("get").GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString());
        Assert.Equal(["queue", "pool", "phase", "outcome", "live", "since", "limit", "after"], names);
    }

    [Fact]
    public async Task Document_HasExamplesThatFitTheirSchemas()
    {
        var schemas = (await api.GetAsync("/openapi/v1.json")).GetProperty("components").GetProperty("schemas");
        var shown = schemas.EnumerateObject().Where(s => s.Value.TryGetProperty("examples", out _)).ToList();
        Assert.True(shown.Count >= 10, string.Join(", ", shown.Select(s => s.Name)));
        foreach (var schema in shown.Where(s => s.Name != "ProblemDetails"))
        {
            var example = schema.Value.GetProperty("examples")[0].EnumerateObject().Select(p => p.Name).Order();
            Assert.Equal(schema.Value.GetProperty("properties").EnumerateObject().Select(p => p.Name).Order(), example);
        }
    }

    [Fact]
    public async Task Page_LoadsNothingFromElsewhere()
    {
        using var answer = await api.Http.GetAsync("/docs/");
        var page = answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsStringAsync() : await api.Http.GetStringAsync("/docs");
        var sources = Loaded().Matches(page).Select(m => m.Groups["url"].Value).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, s => Assert.DoesNotContain("//", s, StringComparison.Ordinal));
        Assert.DoesNotContain("fonts.scalar.com", page, StringComparison.Ordinal);
        Assert.DoesNotContain("cdn.", page, StringComparison.Ordinal);
        foreach (var script in sources.Where(s => s.EndsWith(".js", StringComparison.Ordinal)))
        {
            using var loaded = await api.Http.GetAsync(new Uri(new Uri("http://localhost/docs/"), script));
            Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);
        }
    }

    [Fact]
    public async Task Commands_InTheDocument_AreOperationsOfTheApi()
    {
        var paths = (await api.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject()
            .ToDictionary(p => new Regex("^" + Regex.Replace(Regex.Escape(p.Name.TrimEnd('/')), @"\\\{[^}]+}", "[^/]+") + "$"), p => p.Value);
        var text = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "api.md"));
        var commands = Curl().Matches(text).ToList();
        Assert.True(commands.Count >= 8);
        foreach (Match command in commands)
        {
            var path = command.Groups["path"].Value;
            var method = command.Groups["method"].Success ? command.Groups["method"].Value.ToLowerInvariant() : "get";
            var item = paths.FirstOrDefault(p => p.Key.IsMatch(path)).Value;
            Assert.True(item.ValueKind == JsonValueKind.Object && item.TryGetProperty(method, out _), $"docs/api.md: {method} {path}");
            var operation = item.GetProperty(method);
            var known = operation.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToList() : [];
            foreach (var name in command.Groups["query"].Value.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(q => q.Split('=')[0]))
                Assert.Contains(name, known);
        }
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ControlPlane.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    [GeneratedRegex(@":\w+}")]
    private static partial Regex Constraint();

    [GeneratedRegex("(?:src|href)=\"(?<url>[^\"]+)\"")]
    private static partial Regex Loaded();

    [GeneratedRegex("curl (?:[^\\n]*-X (?<method>[A-Z]+) )?[^\\n]*?'?http://127\\.0\\.0\\.1:8470(?<path>/api/[^\\s?']+)(?:\\?(?<query>[^\\s']+))?")]
    private static partial Regex Curl();
}
