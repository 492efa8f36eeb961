using System.CommandLine;
using ControlPlane.Cli;

namespace ControlPlane.Demo;

/// <summary>What <c>controlplane demo</c> was asked for.</summary>
/// <param name="Speed">2 is twice as fast: 0.1 to 10.</param>
/// <param name="Seed">Varies the lengths of tasks.</param>
/// <param name="Plain">Lines instead of a live screen.</param>
/// <param name="Keep">Leave the data folder behind.</param>
/// <param name="Record">A file that takes a picture of the demonstration; null for none.</param>
internal sealed record DemoArguments(double Speed, int Seed, bool Plain, bool Keep, string? Record);

/// <summary><c>demo</c>.</summary>
internal static class DemoVerb
{
    public static IEnumerable<Command> Build(Verbs verbs)
    {
        var speed = new Option<double>("--speed") { Description = "2 is twice as fast: 0.1 to 10.", HelpName = "FACTOR", DefaultValueFactory = _ => 1 };
        speed.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(double.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var factor) && factor is >= 0.1 and <= 10))
                result.AddError("--speed takes a number from 0.1 to 10.");
        });
        var seed = new Option<int>("--seed") { Description = "Varies the lengths of tasks; the same seed gives the same tasks.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var plain = new Option<bool>("--plain") { Description = "Print lines instead of a live screen, as is done where there is no terminal." };
        var keep = new Option<bool>("--keep") { Description = "Leave the data folder behind, and say where it is." };
        var record = new Option<string?>("--record") { Description = "Save a picture of the screen, when the budget bites and at the end.", HelpName = "FILE.svg" };
        yield return verbs.Make(
            "demo",
            "Run a node with an example configuration, feed it tasks, and show what it does and why.",
            (i, cancel) => new DemoRun(i, new DemoArguments(i.Value(speed), i.Value(seed), i.Value(plain), i.Value(keep), i.Value(record))).RunAsync(cancel),
            speed, seed, plain, keep, record);
    }
}
