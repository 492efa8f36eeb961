using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Budgets;

/// <summary>The name of a budget; unique in the cluster.</summary>
[JsonConverter(typeof(TextIdConverter<BudgetName>))]
public sealed record BudgetName(string Value) : IComparable<BudgetName>, ITextId<BudgetName>
{
    public static BudgetName From(string value) => new(value);

    public int CompareTo(BudgetName? other) => string.CompareOrdinal(Value, other?.Value);

    public override string ToString() => Value;
}

/// <summary>Over what time a budget's limit is counted. Windows begin at the boundary in the budget's time zone; weeks on Monday.</summary>
public enum BudgetWindow
{
    Hour,
    Day,
    Week,
    Month,
    Total,
}

/// <summary>What happens to the instances of a budget whose renewal it denied. In each case they are gone when their prepaid time ends.</summary>
public enum WhenDry
{
    /// <summary>They go on taking tasks for as long as their time is prepaid.</summary>
    StopLaunching,

    /// <summary>They take no new task, finish what they have if the prepaid time suffices, and leave.</summary>
    Drain,

    /// <summary>They are ended at once; their tasks go back to the queue.</summary>
    Terminate,
}

/// <summary>A node in a tree of limits, as declared. Every value is valid: the catalog checked it.</summary>
public sealed record BudgetSpec
{
    public required BudgetName Name { get; init; }

    /// <summary>The budget that contains it; null for the root of a tree.</summary>
    public BudgetName? Parent { get; init; }

    /// <summary>The most that may be spent and held in one window; null for no limit of its own. At least 0.</summary>
    public Money? Limit { get; init; }

    public BudgetWindow Window { get; init; } = BudgetWindow.Total;

    /// <summary>IANA time zone in which windows begin.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>The most instances with a lease at a time; null for no limit.</summary>
    public int? MaxInstances { get; init; }

    /// <summary>The most GPUs in instances with a lease at a time; null for no limit.</summary>
    public int? MaxGpus { get; init; }

    /// <summary>Percentages of the limit at which an alert is recorded, once a window: 1 to 100, ascending.</summary>
    public IReadOnlyList<int> AlertAt { get; init; } = [];

    public WhenDry WhenDry { get; init; } = WhenDry.Drain;

    public bool Equals(BudgetSpec? other) => other is not null
        && Name == other.Name && Parent == other.Parent && Limit == other.Limit && Window == other.Window && TimeZone == other.TimeZone
        && MaxInstances == other.MaxInstances && MaxGpus == other.MaxGpus && AlertAt.SequenceEqual(other.AlertAt) && WhenDry == other.WhenDry;

    public override int GetHashCode() => HashCode.Combine(Name, Parent, Limit, Window, TimeZone);
}
