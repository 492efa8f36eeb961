using System.Collections.Frozen;
using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Faults;

/// <summary>Which faults are active now.</summary>
public sealed class Weather(Scenario scenario, Agenda agenda)
{
    private readonly FrozenDictionary<Type, Fault[]> _faults = scenario.Faults.GroupBy(f => f.GetType()).ToFrozenDictionary(g => g.Key, g => g.ToArray());

    public TimeSpan Elapsed => agenda.Now - scenario.Start;

    public bool IsTroubled => Elapsed < scenario.Trouble;

    /// <summary>Most messages ask, and most scenarios have no fault of the kind: that costs nothing.</summary>
    public IEnumerable<T> Of<T>()
        where T : Fault => _faults.TryGetValue(typeof(T), out var some) ? Active<T>(some) : [];

    private IEnumerable<T> Active<T>(Fault[] faults)
        where T : Fault
    {
        foreach (var fault in faults)
        {
            if (fault.IsActive(Elapsed))
                yield return (T)fault;
        }
    }
}
