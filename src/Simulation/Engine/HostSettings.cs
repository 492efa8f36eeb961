namespace ControlPlane.Simulation.Engine;

/// <summary>What a host needs of its world.</summary>
/// <param name="Agenda">Time.</param>
/// <param name="Dice">Chance; a stream of its own.</param>
/// <param name="History">Where to note what happens; null in runs that nobody compares.</param>
/// <param name="JournalAsText">Whether events go through JSON.</param>
public sealed record HostSettings(Agenda Agenda, Dice Dice, History? History, bool JournalAsText)
{
    /// <summary>How long the next write takes.</summary>
    public Func<TimeSpan> WriteTime { get; init; } = () => TimeSpan.Zero;

    /// <summary>Whether the write that is under way fails.</summary>
    public Func<bool> WriteFails { get; init; } = () => false;

    /// <summary>A broken shell, for a mutation: effects are carried out before their facts are written.</summary>
    public bool EffectsBeforeWrite { get; init; }
}
