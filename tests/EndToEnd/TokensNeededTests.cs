using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.EndToEnd;

/// <summary>A node that asks everybody for a token, its own workers too.</summary>
public sealed class TokensNeededTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("controlplane-tokens-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task WithTokens_MachinesWork_AndNobodyElseMay()
    {
        var configuration = Path.Combine(folder, "controlplane.yaml");
        await File.WriteAllTextAsync(configuration, """
            version: 1
            sources: [{ name: embedded, kind: embedded, pace: 500ms }]
            providers: [{ name: local, kind: local, sweepEvery: 1s, consistencyWindow: 3s, orphanGrace: 5s }]
            budgets: [{ name: lab, limit: 5, window: total }]
            pools: [{ name: small, provider: local, maxInstances: 1, leaseLength: 30s, price: 1.00, local: { bootDelay: 0s, orphanTimeout: 1m } }]
            queues: [{ name: default, source: embedded, budget: lab, maxIdleTime: 3s, pools: [small] }]
            """);
        using var node = new NodeProcess(folder, configuration, null, "Security:RequireTokens=true");
        await node.StartAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Api.GetAsync("api/v1/queues")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Api.PostAsJsonAsync("queues.get_all", new { })).StatusCode);
        var (exit, output) = await NodeProcess.RunProgramAsync("tokens", "create", "anna", "--role", "operator", "--data", node.DataFolder);
        Assert.True(exit == 0, output);
        node.Api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", output.Split('\n')[0].Trim());

        var submitted = await node.Api.PostAsJsonAsync("api/v1/tasks", new { queue = "default", shell = "echo token=[$CONTROLPLANE_TOKEN]" });
        Assert.True(submitted.IsSuccessStatusCode, await submitted.Content.ReadAsStringAsync());
        var id = (await submitted.Content.ReadFromJsonAsync<JsonObject>())!["id"]!.GetValue<string>();
        await Eventually.TrueAsync(
            async () => (await node.Api.GetFromJsonAsync<JsonObject>($"api/v1/tasks/{id}"))!["state"]!.GetValue<string>() == "succeeded",
            TimeSpan.FromMinutes(2),
            () => Task.FromResult("the task has succeeded"));

        // The worker keeps its token to itself.
        Assert.Contains("token=[]", await node.Api.GetStringAsync($"api/v1/tasks/{id}/logs"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await node.Api.GetAsync("api/v1/audit")).StatusCode);
    }

    [Fact]
    public async Task WhereOthersCanReachIt_ANodeWithoutAuthentication_DoesNotStart()
    {
        var (exit, output) = await NodeProcess.RunProgramAsync("run", "--data", Path.Combine(folder, "data"), "--listen", "http://0.0.0.0:8470");

        Assert.Equal(1, exit);
        Assert.Contains("no authentication is configured", output, StringComparison.Ordinal);
        Assert.Contains("controlplane tokens create", output, StringComparison.Ordinal);
    }
}
