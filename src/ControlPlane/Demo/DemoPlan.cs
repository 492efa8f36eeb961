using System.Globalization;
using System.Text.Json.Nodes;

namespace ControlPlane.Demo;

/// <summary>A task of the demonstration: a real command that takes some seconds.</summary>
public sealed record DemoTask(string Queue, string Name, TimeSpan Length)
{
    /// <summary>Machines that lose their money mid-task give it back, so it may be started more often than usual.</summary>
    private const int MaxAttempts = 20;

    public JsonObject ToSubmission() => new()
    {
        ["queue"] = Queue,
        ["name"] = Name,
        ["command"] = new JsonArray(
            "/bin/sh", "-c", string.Create(CultureInfo.InvariantCulture, $"echo '{Name} begins'; sleep {Length.TotalSeconds:0.0}; echo '{Name} is done'")),
        ["maxAttempts"] = MaxAttempts,
    };
}

/// <summary>Tasks that are submitted together.</summary>
/// <param name="At">After the start of the play.</param>
/// <param name="Says">What the viewer reads when it comes.</param>
/// <param name="Tasks">In their order.</param>
public sealed record DemoWave(TimeSpan At, string Says, IReadOnlyList<DemoTask> Tasks);

/// <summary>What is submitted, and when. The same seed makes the same plan.</summary>
public sealed record DemoPlan(IReadOnlyList<DemoWave> Waves)
{
    /// <param name="seed">Varies the lengths of tasks.</param>
    /// <param name="speed">2 is twice as fast: 0.1 to 10. Machines boot as slowly as ever.</param>
    public static DemoPlan Create(int seed, double speed)
    {
        var random = new Random(seed);
        var numbers = new Dictionary<string, int>();
        return new DemoPlan(
        [
            Wave(0, "A handful of small tasks arrives.", ("preparation", 5, 2, 4)),
            Wave(6, "The first training tasks arrive: they need dearer machines.", ("training", 6, 4, 7)),
            Wave(26, "Both queues fill up at once.", ("preparation", 6, 2, 4), ("training", 10, 5, 8)),
            Wave(44, "Stragglers.", ("preparation", 3, 1, 3)),
        ]);

        DemoWave Wave(double at, string says, params (string Queue, int Count, double Shortest, double Longest)[] groups) => new(
            TimeSpan.FromSeconds(at / speed),
            says,
            [.. groups.SelectMany(g => Enumerable.Range(0, g.Count).Select(_ => Next(g.Queue, g.Shortest, g.Longest)))]);

        DemoTask Next(string queue, double shortest, double longest)
        {
            var number = numbers[queue] = numbers.GetValueOrDefault(queue) + 1;
            var seconds = shortest + (random.NextDouble() * (longest - shortest));
            return new DemoTask(queue, $"{queue}-{number}", TimeSpan.FromSeconds(Math.Max(0.2, Math.Round(seconds / speed, 1))));
        }
    }
}
