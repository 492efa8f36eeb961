using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ControlPlane.ClearMlDouble;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.ClearMl;

namespace ControlPlane.Providers.Tests.ClearMl;

/// <summary>Somebody who uses a ClearML server: submits tasks, and is the agent that runs them.</summary>
internal sealed class ClearMlApi(string url) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri(url) };

    public string Url => url;

    public ClearMlSpec Spec { get; init; } = new(url, new SecretReference("env:ACCESS"), new SecretReference("env:SECRET")) { Timeout = TimeSpan.FromSeconds(30) };

    public ClearMlSource Source(Func<ClearMlSpec, ClearMlSpec>? change = null, TimeProvider? time = null) =>
        new("clearml", change is null ? Spec : change(Spec), new TestSecrets(), time ?? new QuickTime());

    public async Task<JsonElement> CallAsync(string call, object request)
    {
        if (_http.DefaultRequestHeaders.Authorization is null)
        {
            using var login = new HttpRequestMessage(HttpMethod.Post, "/auth.login") { Content = JsonContent.Create(new { }) };
            login.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ClearMlServer.AccessKey}:{ClearMlServer.SecretKey}")));
            var token = (await DataAsync("auth.login", await _http.SendAsync(login))).GetProperty("token").GetString();
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await DataAsync(call, await _http.PostAsJsonAsync($"/{call}", request));
    }

    public async Task<string> QueueAsync(string name) => (await CallAsync("queues.create", new { name })).GetProperty("id").GetString()!;

    public async Task<string> QueueIdAsync(string name) => (await CallAsync("queues.get_all", new { name = $"^{name}$" })).GetProperty("queues")[0].GetProperty("id").GetString()!;

    public async Task<string> SubmitAsync(string queue, string name = "train")
    {
        var created = await CallAsync("tasks.create", new { name, type = "training", script = new { entry_point = "train.py", repository = "https://example.org/a.git" } });
        var id = created.GetProperty("id").GetString()!;
        await CallAsync("tasks.enqueue", new { task = id, queue });
        return id;
    }

    public Task RegisterAsync(string worker, params string[] queues) => CallAsync("workers.register", new { worker, queues, timeout = 600 });

    public Task ReportAsync(string worker, string? task = null, params string[] queues) =>
        task is null ? CallAsync("workers.status_report", new { worker, queues }) : CallAsync("workers.status_report", new { worker, task, queues });

    /// <summary>As an agent does: takes the entry, reports that it has the task, says that it has started.</summary>
    public async Task<string> TakeAsync(string worker, string queue)
    {
        var id = (await CallAsync("queues.get_next_task", new { queue, worker })).GetProperty("entry").GetProperty("task").GetString()!;
        await ReportAsync(worker, id, queue);
        await CallAsync("tasks.started", new { task = id, force = true, worker });
        return id;
    }

    public async Task EndAsync(string worker, string task, string queue)
    {
        await CallAsync("tasks.completed", new { task, force = true, worker });
        await ReportAsync(worker, null, queue);
    }

    public async Task<JsonElement> TaskAsync(string id) => (await CallAsync("tasks.get_by_id", new { task = id })).GetProperty("task");

    public async Task<string[]> EntriesAsync(string queue) =>
        [.. (await CallAsync("queues.get_by_id", new { queue })).GetProperty("queue").GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("task").GetString()!)];

    public void Dispose() => _http.Dispose();

    private static async Task<JsonElement> DataAsync(string call, HttpResponseMessage response)
    {
        var envelope = JsonDocument.Parse(await response.Content.ReadAsStreamAsync()).RootElement;
        var meta = envelope.GetProperty("meta");
        Assert.True(meta.GetProperty("result_code").GetInt32() == 200, $"{call}: {meta}");
        return envelope.GetProperty("data");
    }
}

/// <summary>The double's credentials, wherever they are said to stand.</summary>
internal sealed class TestSecrets : ISecretReader
{
    public string Read(SecretReference reference) => reference.Value switch
    {
        "env:ACCESS" => ClearMlServer.AccessKey,
        "env:SECRET" => ClearMlServer.SecretKey,
        _ => throw new SecretException($"There is nothing at {reference}."),
    };
}

/// <summary>The system's clock, a test's steps ahead of it. Pauses between tries end at once; limits of calls never do.</summary>
internal sealed class QuickTime : TimeProvider
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(9);

    public TimeSpan Ahead { get; set; }

    public List<TimeSpan> Pauses { get; } = [];

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > LongestPause || dueTime < TimeSpan.Zero)
            return System.CreateTimer(callback, state, dueTime, period);
        lock (Pauses)
            Pauses.Add(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
