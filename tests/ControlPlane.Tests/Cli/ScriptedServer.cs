using System.Net;
using System.Text;
using ControlPlane.Cli;

namespace ControlPlane.Host.Tests.Cli;

/// <summary>What a request looked like.</summary>
internal sealed record SeenRequest(string Method, string Path, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public override string ToString() => $"{Method} {Path}";
}

/// <summary>A server that answers by script: for each request its answers in order, the last one for ever. What is not scripted is 404.</summary>
internal sealed class ScriptedServer : HttpMessageHandler
{
    private readonly Dictionary<string, Queue<Func<HttpResponseMessage>>> _script = [];
    private readonly List<SeenRequest> _seen = [];

    public IReadOnlyList<SeenRequest> Seen
    {
        get
        {
            lock (_seen)
                return [.. _seen];
        }
    }

    /// <param name="request">Method, path and query, as in <c>GET /api/v1/queues?limit=101</c>; without the query it answers all of them.</param>
    /// <param name="body">The answer.</param>
    /// <param name="status">Its status.</param>
    /// <param name="type">Its media type.</param>
    public ScriptedServer Answer(string request, string body, int status = 200, string type = "application/json") =>
        Answer(request, () => new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) });

    public ScriptedServer Fail(string request, Func<Exception> failure) => Answer(request, () => throw failure());

    public Task<CommandResult> RunAsync(params string[] arguments) => CommandResult.OfAsync(this, arguments);

    private ScriptedServer Answer(string request, Func<HttpResponseMessage> answer)
    {
        if (!_script.TryGetValue(request, out var answers))
            _script[request] = answers = new Queue<Func<HttpResponseMessage>>();
        answers.Enqueue(answer);
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.PathAndQuery;
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var headers = request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? []).ToDictionary(h => h.Key, h => string.Join(", ", h.Value));
        lock (_seen)
            _seen.Add(new SeenRequest(request.Method.Method, path, body, headers));
        var answers = _script.GetValueOrDefault($"{request.Method} {path}") ?? _script.GetValueOrDefault($"{request.Method} {path.Split('?')[0]}");
        if (answers is null)
            return new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("""{"title":"Not found","status":404}""", Encoding.UTF8, "application/problem+json") };
        return (answers.Count > 1 ? answers.Dequeue() : answers.Peek())();
    }
}

/// <summary>What a command line came to.</summary>
internal sealed record CommandResult(int Exit, string Output, string Error)
{
    public IReadOnlyList<string> Lines => [.. Output.TrimEnd('\n').Split('\n').Select(l => l.TrimEnd())];

    public static async Task<CommandResult> OfAsync(HttpMessageHandler server, IReadOnlyList<string> arguments, Func<CommandParts, CommandParts>? change = null, string input = "")
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var parts = Parts(server, new Terminal(output, error, new StringReader(input), false, _ => null));
        var exit = await CommandLine.InvokeAsync(arguments, change is null ? parts : change(parts));
        return new CommandResult(exit, output.ToString(), error.ToString());
    }

    public static CommandParts Parts(HttpMessageHandler server, Terminal terminal) => new()
    {
        Run = (_, _) => Task.FromResult(0),
        Worker = (_, _) => Task.FromResult(0),
        Terminal = terminal,
        Http = () => server,
    };
}
