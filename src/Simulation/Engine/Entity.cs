namespace ControlPlane.Simulation.Engine;

/// <summary>Where an entity is struck down.</summary>
public enum CrashPoint
{
    /// <summary>At once, whatever it does.</summary>
    Now,

    /// <summary>After its next decision, before the write: the facts are lost and no effect is carried out.</summary>
    BeforeWrite,

    /// <summary>After its next write, before any effect.</summary>
    AfterWrite,

    /// <summary>After its next write, in the middle of its effects.</summary>
    AmongEffects,
}

/// <summary>One entity as the world sees it: up or down, and to be struck.</summary>
public abstract class Entity(string name)
{
    public string Name { get; } = name;

    public bool Up { get; protected set; }

    /// <summary>Grows with every start: an answer to a call of an earlier life finds nobody.</summary>
    public int Incarnation { get; protected set; }

    /// <summary>Strikes it down; it stays down until <see cref="Start"/>.</summary>
    public abstract void Crash();

    /// <summary>Starts it: fold of the journal, then everything that is owed.</summary>
    public abstract void Start();

    /// <summary>Has it struck down at a point of its next write, and started again after a while.</summary>
    public abstract void Arm(CrashPoint point, TimeSpan downtime);

    /// <summary>Whether folding the journal gives the state that it has; null if so, else what differs.</summary>
    public abstract string? CheckReplay();
}
