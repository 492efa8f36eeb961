using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ControlPlane.EndToEnd;

/// <summary>What a node's API lists, all pages of it.</summary>
internal static class Listing
{
    public static async Task<IReadOnlyList<JsonObject>> ItemsAsync(NodeProcess node, string path)
    {
        List<JsonObject> items = [];
        string? next = null;
        do
        {
            var page = (await node.Api.GetFromJsonAsync<JsonObject>(next is null ? path : $"{path}&after={Uri.EscapeDataString(next)}"))!;
            items.AddRange(page["items"]!.AsArray().Select(i => i!.AsObject()));
            next = Text(page, "next");
        }
        while (next is not null);
        return items;
    }

    public static Task<IReadOnlyList<JsonObject>> TasksAsync(NodeProcess node) => ItemsAsync(node, "api/v1/tasks?limit=1000");

    public static Task<IReadOnlyList<JsonObject>> InstancesAsync(NodeProcess node) => ItemsAsync(node, "api/v1/instances?limit=1000");

    public static string? Text(JsonObject from, string name) => from[name]?.GetValue<string>();
}
