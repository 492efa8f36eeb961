namespace ControlPlane.Domain.Deciding;

/// <summary>
/// The time of a command and the seed of the ids and random choices made while deciding it. Everything that a decider may not fetch on its own.
/// </summary>
/// <param name="Now">The time, in UTC.</param>
/// <param name="Seed">Drawn at random by the shell, or by the simulator's generator; the same seed gives the same ids.</param>
public readonly record struct Moment(DateTimeOffset Now, ulong Seed)
{
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>The <paramref name="index"/>-th new id of this moment: a ULID (26 characters, sortable by time).</summary>
    public string NewId(int index)
    {
        Span<char> text = stackalloc char[26];
        var time = (ulong)Now.ToUnixTimeMilliseconds();
        for (var i = 9; i >= 0; i--)
        {
            text[i] = Crockford[(int)(time & 31)];
            time >>= 5;
        }

        var high = Mix(Seed, (2 * index) + 1);
        var low = Mix(Seed, (2 * index) + 2);
        for (var i = 25; i >= 10; i--)
        {
            ref var half = ref i >= 18 ? ref low : ref high;
            text[i] = Crockford[(int)(half & 31)];
            half >>= 5;
        }

        return new string(text);
    }

    /// <summary>SplitMix64's output function (Steele, Lea, Flood 2014): spreads a counter over 64 bits.</summary>
    private static ulong Mix(ulong seed, int counter)
    {
        unchecked
        {
            var z = seed + ((ulong)counter * 0x9E3779B97F4A7C15UL);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
