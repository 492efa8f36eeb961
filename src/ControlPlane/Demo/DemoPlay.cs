using System.Text.Json.Nodes;
using ControlPlane.Catalog;
using ControlPlane.Cli;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Demo;

/// <summary>What the play does next: which waves are due, when somebody has mercy and raises the budget, and when it is over.</summary>
internal sealed class DemoPlay(DemoPlan plan, TimeSpan patience)
{
    private readonly List<DemoNote> _notes = [];
    private int _begun;
    private TimeSpan? _bitesSince;

    public IReadOnlyList<DemoNote> Notes => [.. _notes];

    public int Submitted => plan.Waves.Take(_begun).Sum(w => w.Tasks.Count);

    public void Note(TimeSpan at, string text) => _notes.Add(new DemoNote(at, text));

    /// <summary>The tasks to submit now.</summary>
    public IReadOnlyList<DemoTask> Due(TimeSpan elapsed)
    {
        List<DemoTask> due = [];
        while (_begun < plan.Waves.Count && plan.Waves[_begun].At <= elapsed)
        {
            var wave = plan.Waves[_begun++];
            due.AddRange(wave.Tasks);
            Note(elapsed, $"Wave {_begun} of {plan.Waves.Count}, {Printable.Count(wave.Tasks.Count, "task")}. {wave.Says}");
        }

        return due;
    }

    /// <summary>True once machines have waited for money for as long as the play has patience; then it begins to count anew.</summary>
    public bool WantsMoreMoney(DemoScene scene)
    {
        if (!scene.BudgetBites)
        {
            _bitesSince = null;
            return false;
        }

        if (_bitesSince is null)
        {
            _bitesSince = scene.Elapsed;
            Note(scene.Elapsed, $"The budget bites: {Printable.Count(scene.Instances.Count(i => i.WaitsForMoney), "machine")} must wait for money.");
        }

        if (scene.Elapsed - _bitesSince < patience)
            return false;
        _bitesSince = null;
        return true;
    }

    /// <summary>Every task has ended, every machine is gone, and its account is closed.</summary>
    public bool IsOver(DemoScene scene) =>
        _begun == plan.Waves.Count && scene.Tasks.Count >= Submitted && scene.Tasks.All(t => t.HasEnded) && scene.Instances.All(i => !i.IsLive && i.Settled);

    /// <summary>The configuration with every limit doubled, and what that means in words.</summary>
    /// <exception cref="FaultyInputException">It is no document that this version reads.</exception>
    public static (string Text, string Says) WithTwiceTheMoney(string document)
    {
        var parsed = ConfigurationDocument.Parse(document);
        if (parsed.Configuration is not { } configuration)
            throw new FaultyInputException($"The configuration in force cannot be read: {string.Join(" ", parsed.Faults)}");

        var budgets = configuration.Budgets.Select(b => b.Limit is { } limit ? b with { Limit = new Money(limit.Micros * 2) } : b).ToList();
        var raised = budgets.Where(b => b.Limit is not null).Select(b => $"budget {b.Name} now has {b.Limit}");
        return (ConfigurationDocument.Write(configuration with { Budgets = budgets }), $"Somebody has mercy: {string.Join(", ", raised)}.");
    }

    public static JsonObject ToBatch(IReadOnlyList<DemoTask> tasks) => new() { ["tasks"] = new JsonArray([.. tasks.Select(t => t.ToSubmission())]) };
}
