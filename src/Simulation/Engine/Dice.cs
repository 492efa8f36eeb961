namespace ControlPlane.Simulation.Engine;

/// <summary>The one source of chance of a run: SplitMix64 (Steele, Lea, Flood 2014). The same seed gives the same numbers on every machine.</summary>
public sealed class Dice(ulong seed)
{
    private const ulong Golden = 0x9E3779B97F4A7C15UL;

    private readonly ulong _seed = seed;
    private ulong _state = seed;

    public ulong Next()
    {
        unchecked
        {
            _state += Golden;
            return Mix(_state);
        }
    }

    /// <summary>A stream of its own, the same whatever was drawn from this one: what one part of a run draws does not shift what another does.</summary>
    public Dice Split(ulong salt)
    {
        unchecked
        {
            return new Dice(Mix(_seed ^ Mix((salt + 1) * Golden)));
        }
    }

    /// <summary>0 to <paramref name="exclusive"/> - 1.</summary>
    public int Below(int exclusive) => (int)(Next() % (ulong)exclusive);

    /// <summary>Both ends included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>0 up to, but not, 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => Unit() < probability;

    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + TimeSpan.FromMilliseconds(Math.Floor(Unit() * (most - least).TotalMilliseconds));

    /// <summary>Exponentially distributed, cut at fifty times the mean.</summary>
    public TimeSpan Exponential(TimeSpan mean) => TimeSpan.FromMilliseconds(Math.Floor(Math.Min(50, -Math.Log(1 - Unit())) * mean.TotalMilliseconds));

    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
