using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary>The part of the API that is about tasks. Owns its client.</summary>
internal sealed class TaskClient(ApiClient api, TimeProvider time) : IDisposable
{
    private const string Path = "/api/v1/tasks";
    private const int MostInBatch = 500;
    private const int MostBytesInBatch = 900_000;
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(500);

    public async Task<JsonNode> SubmitAsync(JsonObject task, CancellationToken cancel) => Known(await SendAsync(task, cancel));

    /// <summary>Submits in batches, each all or none; one too large for a request is several.</summary>
    public async IAsyncEnumerable<JsonNode> SubmitAsync(IReadOnlyList<JsonObject> tasks, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var batch in Batches(tasks))
        {
            var answer = await SendAsync(new JsonObject { ["tasks"] = new JsonArray([.. batch]) }, cancel);
            foreach (var made in answer.Items("items"))
                yield return made;
        }
    }

    public async Task<JsonNode> GetAsync(string id, CancellationToken cancel) => Known(await api.GetAsync(Of(id), cancel));

    public async Task<JsonNode> CancelAsync(string id, CancellationToken cancel) => Known(await api.PostAsync($"{Of(id)}/cancel", null, cancel));

    /// <summary>The task once it has ended.</summary>
    public async Task<JsonNode> WaitAsync(string id, CancellationToken cancel)
    {
        while (true)
        {
            var task = await GetAsync(id, cancel);
            if (HasEnded(task))
                return task;
            await time.PauseAsync(_look, cancel);
        }
    }

    public IAsyncEnumerable<string> LogAsync(string id, bool follow, CancellationToken cancel) =>
        api.TextAsync(follow ? $"{Of(id)}/logs?follow=true" : $"{Of(id)}/logs", cancel);

    public static bool HasEnded(JsonNode task) => task.Text("state") is "succeeded" or "failed" or "cancelled";

    public void Dispose() => api.Dispose();

    internal static IEnumerable<IReadOnlyList<JsonObject>> Batches(IReadOnlyList<JsonObject> tasks)
    {
        List<JsonObject> batch = [];
        var bytes = 0;
        foreach (var task in tasks)
        {
            var size = Encoding.UTF8.GetByteCount(task.ToJsonString()) + 1;
            if (batch.Count == MostInBatch || (batch.Count > 0 && bytes + size > MostBytesInBatch))
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }

            batch.Add(task);
            bytes += size;
        }

        if (batch.Count > 0)
            yield return batch;
    }

    // The key makes a repeated request harmless, so a lost answer does not submit twice.
    private async Task<JsonNode?> SendAsync(JsonObject body, CancellationToken cancel) =>
        (await api.SendAsync(new ApiRequest(HttpMethod.Post, Path) { Body = body.ToJsonString(), IdempotencyKey = Guid.NewGuid().ToString("N") }, cancel)).Json();

    private static string Of(string id) => $"{Path}/{Uri.EscapeDataString(id)}";

    private static JsonNode Known(JsonNode? task) => task ?? throw new UnreachableServerException("The server's answer has no task in it. Is it a ControlPlane?");
}
