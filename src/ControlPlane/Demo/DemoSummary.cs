using System.Text.Json.Nodes;
using ControlPlane.Cli;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ControlPlane.Demo;

/// <summary>A pool's size and the price of its first offer as the API shows them.</summary>
internal sealed record SeenPool(string Name, int MaxInstances, decimal DollarsAnHour)
{
    public static SeenPool From(JsonNode pool) => new(
        pool.Text("name") ?? "",
        (int)(pool.Number("maxInstances") ?? 0),
        Amounts.Dollars(pool.Items("offers").FirstOrDefault(), "rateMicrosPerHour") ?? 0);
}

/// <summary>How long the tasks of a queue waited for their first start.</summary>
internal sealed record WaitingTimes(string Queue, int Tasks, TimeSpan Median, TimeSpan Longest);

/// <summary>Something that kept machines from starting: in how many decisions, and the last one's words.</summary>
internal sealed record HoldUp(int Times, string Queue, string Sentence);

/// <summary>What the play came to, all of it from the API.</summary>
internal sealed record DemoSummary
{
    public required TimeSpan Elapsed { get; init; }

    public required int Succeeded { get; init; }

    public required int Failed { get; init; }

    /// <summary>Tasks that needed more than one attempt, because their machine had to leave.</summary>
    public required int Repeated { get; init; }

    public required int Machines { get; init; }

    public required decimal Spent { get; init; }

    /// <summary>What the same time would have cost with every pool full and always on.</summary>
    public required decimal AlwaysOn { get; init; }

    public required IReadOnlyList<WaitingTimes> Waits { get; init; }

    public required IReadOnlyList<HoldUp> HoldUps { get; init; }

    public static DemoSummary Of(DemoScene scene, IReadOnlyList<SeenPool> pools) => new()
    {
        Elapsed = scene.Elapsed,
        Succeeded = scene.Tasks.Count(t => t.State == "succeeded"),
        Failed = scene.Tasks.Count(t => t.State is "failed" or "cancelled"),
        Repeated = scene.Tasks.Count(t => t.Attempt > 1),
        Machines = scene.Instances.Count(i => i.Cost > 0),
        Spent = scene.Budgets.Where(b => b.Parent is null).Sum(b => b.Spent),
        AlwaysOn = pools.Sum(p => p.MaxInstances * p.DollarsAnHour) * (decimal)scene.Elapsed.TotalHours,
        Waits =
        [
            .. from task in scene.Tasks
               where task is { EnqueuedAt: not null, StartedAt: not null, Attempt: 1 }
               group Wait(task) by task.Queue into queue
               orderby queue.Key
               let sorted = queue.Order().ToList()
               select new WaitingTimes(queue.Key, sorted.Count, sorted[sorted.Count / 2], sorted[^1]),
        ],
        HoldUps =
        [
            .. from decision in scene.Decisions
               from held in decision.HeldBack
               group (decision, held) by (decision.Queue, held.Kind, held.Pool) into same
               orderby same.Key.Kind == "budget" descending, same.Count() descending
               select new HoldUp(same.Count(), same.Key.Queue, same.MaxBy(s => s.decision.At).held.Sentence),
        ],
    };

    public IReadOnlyList<string> Lines()
    {
        List<string> lines =
        [
            $"{Printable.Count(Succeeded, "task")} succeeded{(Failed > 0 ? $", {Failed} did not" : "")} in {Printable.Span(Elapsed)}, on {Printable.Count(Machines, "machine")} that came and went."
                + (Repeated > 0 ? $" {Printable.Count(Repeated, "task")} had to begin again, because the money of {(Repeated == 1 ? "its" : "their")} machine ended." : ""),
            $"Spent: {Printable.Dollars(Spent)}. With every machine always on it would have been {Printable.Dollars(AlwaysOn)}{Share()}.",
        ];
        foreach (var wait in Waits)
            lines.Add($"Tasks of {wait.Queue} waited {Printable.Seconds(wait.Median)} in the middle, {Printable.Seconds(wait.Longest)} at the longest.");
        lines.Add(HoldUps.Count == 0 ? "Nothing had to wait but for machines to boot." : "Why tasks had to wait:");
        foreach (var held in HoldUps)
            lines.Add($"  {held.Queue}, {Printable.Count(held.Times, "decision")}: {held.Sentence}");
        return [.. lines.Select(Printable.Line)];
    }

    public IRenderable Render() => new Rows(Lines().Select(l => new Text(l, l.StartsWith("Spent", StringComparison.Ordinal) ? new Style(Color.SpringGreen3) : Style.Plain)));

    private static TimeSpan Wait(SeenTask task) => task.StartedAt - task.EnqueuedAt is { } wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero;

    private string Share() => AlwaysOn > 0 && Spent <= AlwaysOn ? $", so {(1 - (Spent / AlwaysOn)) * 100:0} % less" : "";
}
