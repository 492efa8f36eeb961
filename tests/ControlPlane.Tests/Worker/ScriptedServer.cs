using System.Net;
using System.Text;
using System.Text.Json;

namespace ControlPlane.Host.Tests.Worker;

/// <summary>A server as a worker sees it: hands out the tasks that a test gives it, and remembers everything that it was told.</summary>
internal sealed class ScriptedServer : HttpMessageHandler
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private readonly Lock _lock = new();
    private readonly Queue<string> _queue = new();
    private readonly Dictionary<string, string> _specs = [];
    private readonly List<(string Call, string Body)> _calls = [];

    /// <summary>What the server says instead of its usual answer; null for that.</summary>
    public Func<string, string, (int Code, string Json)?> Override { get; set; } = (_, _) => null;

    /// <summary>Whether nobody answers.</summary>
    public bool Gone { get; set; }

    public bool Draining { get; set; }

    public void Enqueue(string task, object spec)
    {
        lock (_lock)
        {
            _specs[task] = JsonSerializer.Serialize(spec);
            _queue.Enqueue(task);
        }
    }

    /// <summary>The bodies of all calls of that name so far.</summary>
    public IReadOnlyList<JsonElement> Calls(string call)
    {
        lock (_lock)
            return [.. _calls.Where(c => c.Call == call).SelectMany(c => c.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Select(Parse)];
    }

    /// <summary>The log of a task, in the order in which it came, with what came twice.</summary>
    public IReadOnlyList<(long Sequence, string Message)> Log(string task) =>
    [
        .. Calls("events.add_batch").Where(e => e.GetProperty("task").GetString() == task)
            .Select(e => (e.GetProperty("sequence").GetInt64(), e.GetProperty("msg").GetString()!)),
    ];

    public async Task SeeAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(_patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"Not seen within {_patience}: {what}. Calls: {string.Join(", ", CountedCalls())}");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>The answer to one request.</summary>
    public (int Code, string Json) Answer(string call, string body)
    {
        lock (_lock)
        {
            var special = Override(call, body);
            _calls.Add((call, body));
            return special ?? Ok(Data(call, body));
        }
    }

    public static (int Code, string Json) Ok(string data) => (200, """{"meta":{"result_code":200,"result_subcode":0,"result_msg":"OK"},"data":""" + data + "}");

    public static (int Code, string Json) Refuse(int subcode) =>
        (400, $$$"""{"meta":{"result_code":400,"result_subcode":{{{subcode}}},"result_msg":"refused"},"data":{}}""");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        if (Gone)
            throw new HttpRequestException("Connection refused");
        var (code, json) = Answer(request.RequestUri!.AbsolutePath.TrimStart('/'), body);
        return new HttpResponseMessage((HttpStatusCode)code) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
    }

    private string Data(string call, string body) => call switch
    {
        "queues.get_all" => """{"queues":[{"id":"q-other","name":"training-2"},{"id":"q-1","name":"training"}]}""",
        "workers.status_report" => Draining ? """{"draining":true}""" : "{}",
        "queues.get_next_task" => _queue.TryDequeue(out var task) ? $$$"""{"entry":{"task":"{{{task}}}"}}""" : """{"entry":null}""",
        "tasks.get_by_id" => TaskData(Parse(body).GetProperty("task").GetString()!),
        _ => "{}",
    };

    private string TaskData(string task) => JsonSerializer.Serialize(new
    {
        task = new { id = task, status = "queued", configuration = new { controlplane = new { name = "controlplane", type = "json", value = _specs[task] } } },
    });

    private IEnumerable<string> CountedCalls()
    {
        lock (_lock)
            return [.. _calls.GroupBy(c => c.Call).Select(g => $"{g.Count()} {g.Key}")];
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
