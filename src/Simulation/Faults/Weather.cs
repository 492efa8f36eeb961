using ControlPlane.Simulation.Engine;

namespace ControlPlane.Simulation.Faults;

/// <summary>Which faults are active now.</summary>
public sealed class Weather(Scenario scenario, Agenda agenda)
{
    private readonly ILookup<Type, Fault> _faults = scenario.Faults.ToLookup(f => f.GetType());

    public TimeSpan Elapsed => agenda.Now - scenario.Start;

    public bool IsTroubled => Elapsed < scenario.Trouble;

    public IEnumerable<T> Of<T>()
        where T : Fault => _faults[typeof(T)].Where(f => f.IsActive(Elapsed)).Cast<T>();
}
