using System.CommandLine;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary><c>drain</c>, <c>terminate</c> and <c>reset</c>: what an operator asks of one object.</summary>
internal static class OperatorVerbs
{
    public static IEnumerable<Command> Build(Verbs verbs)
    {
        yield return Verbs.Group(
            "drain",
            "Let instances finish their tasks and leave.",
            Act(verbs, "queue", "NAME", "Drain every instance of a queue.", "queues", "drain", "is draining"),
            Act(verbs, "instance", "ID", "Drain one instance.", "instances", "drain", "is draining"));
        yield return Verbs.Group(
            "terminate",
            "End an instance now; its tasks go back to their queue.",
            Act(verbs, "instance", "ID", "End one instance now.", "instances", "terminate", "is ending"));
        yield return Verbs.Group(
            "reset",
            "Let a pool launch again that was stopped because its instances failed.",
            Act(verbs, "pool", "NAME", "Close the circuit breaker of a pool.", "pools", "reset", "may launch again"));
    }

    private static Command Act(Verbs verbs, string kind, string argument, string description, string collection, string act, string done)
    {
        var name = new Argument<string>(argument) { Description = $"The {kind}." };
        return verbs.Make(
            kind,
            description,
            async (i, cancel) =>
            {
                using var api = i.Connect();
                var answer = await api.PostAsync($"/api/v1/{collection}/{Uri.EscapeDataString(i.Value(name))}/{act}", new JsonObject(), cancel);
                i.Say(answer.Text("sentence") ?? answer.Text("message") ?? $"{kind} {i.Value(name)} {done}.");
                return ExitCode.Ok;
            },
            name);
    }
}
