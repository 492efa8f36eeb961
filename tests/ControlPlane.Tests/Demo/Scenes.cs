using ControlPlane.Demo;

namespace ControlPlane.Host.Tests.Demo;

/// <summary>Scenes to judge and to draw.</summary>
internal static class Scenes
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static DemoScene At(double seconds) => new()
    {
        Elapsed = TimeSpan.FromSeconds(seconds),
        Now = Start.AddSeconds(seconds),
        Queues = ["preparation", "training"],
        Tasks = [],
        Instances = [],
        Budgets = [new SeenBudget("lab", null, "day", 0.5m, 0.3m, 1.6m)],
        Decisions = [],
    };

    public static SeenTask Task(string queue, string state, double wait = 0, int attempt = 1) =>
        new("t", queue, $"{queue}-1", state, attempt, Start, state == "queued" ? null : Start.AddSeconds(wait));

    public static SeenInstance Instance(string queue, string pool, string phase, string? waiting = null, decimal cost = 0) =>
        new("01JABCDEFGH", queue, pool, phase, Start, phase == "busy" ? 1 : 0, waiting, null, cost, phase == "ended");

    public static SeenDecision Decision(string queue, string sentence, params (string Kind, string? Pool, string Sentence)[] heldBack) => new(Start, queue, sentence, heldBack);
}
