using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pricing;
using ControlPlane.Simulation.Cloud;

namespace ControlPlane.Simulation.Invariants;

/// <summary>
/// What the platforms bill for, by budget and window, exactly: micro-dollars an hour times ticks, never rounded. Machines that run are billed up to now, minimum
/// billing included, each stretch at its price.
/// </summary>
internal sealed class Bill(BudgetSpec budget)
{
    private readonly BudgetAccount _calendar = new() { Spec = budget };
    private readonly SortedDictionary<DateTimeOffset, Int128> _closed = [];
    private readonly Dictionary<DateTimeOffset, Int128> _open = [];

    public BudgetName Name => budget.Name;

    /// <summary>Raised, never lowered, in the course of a run.</summary>
    public Money? Limit { get; set; } = budget.Limit;

    public IReadOnlyDictionary<DateTimeOffset, Int128> Closed => _closed;

    /// <summary>Adds a machine whose billed time is over.</summary>
    public void Close(SimulatedMachine machine, DateTimeOffset now) => Add(_closed, machine, now);

    /// <summary>The first window that is above the limit, given the machines that are still billed.</summary>
    public (DateTimeOffset Window, decimal Dollars)? FirstAbove(IEnumerable<SimulatedMachine> running, DateTimeOffset now)
    {
        if (Limit is not { } limit)
            return null;
        _open.Clear();
        foreach (var machine in running)
            Add(_open, machine, now);
        foreach (var (window, amount) in _open)
        {
            var sum = amount + _closed.GetValueOrDefault(window);
            if (sum > (Int128)limit.Micros * TimeSpan.TicksPerHour)
                return (window, Dollars(sum));
        }

        return null;
    }

    public static decimal Dollars(Int128 amount) => (decimal)amount / TimeSpan.TicksPerHour / 1_000_000m;

    private void Add(IDictionary<DateTimeOffset, Int128> windows, SimulatedMachine machine, DateTimeOffset now)
    {
        foreach (var (start, until, rate) in machine.Billed(now))
        {
            for (var from = start; from < until;)
            {
                var window = _calendar.WindowOf(from);
                var end = _calendar.EndOf(window);
                var part = end < until ? end : until;
                windows.TryGetValue(window, out var before);
                windows[window] = before + ((Int128)rate.MicrosPerHour * (part - from).Ticks);
                from = part;
            }
        }
    }
}
