using System.Collections.Concurrent;

namespace ControlPlane.Providers.Aws;

/// <summary>
/// Which tokens were used in a call whose answer was lost, or may have been by a node before this one. A refusal of a later call with such a token says nothing of the
/// earlier one. Thread safe; a node that lost it doubts a token that is older than itself.
/// </summary>
internal sealed class AwsDoubts(TimeProvider time)
{
    /// <summary>A machine that is launched is shown after so long at the latest, and a call that is on its way has arrived.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int TimeLength = 10;
    private const int UlidLength = 26;
    private const int MostKept = 10_000;

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _lost = new(StringComparer.Ordinal);

    /// <summary>Whether an earlier call with this token may have taken effect.</summary>
    public bool MayHaveTakenEffect(string token) => _lost.ContainsKey(token) || WasMadeBefore(token);

    /// <summary>The answer to a call with it is lost.</summary>
    public void Lost(string token)
    {
        var now = time.GetUtcNow();
        _lost[token] = now;
        if (_lost.Count > MostKept)
        {
            foreach (var (old, _) in _lost.Where(l => now - l.Value > Memory))
                _lost.TryRemove(old, out _);
        }
    }

    /// <summary>It is known that a call with it took effect; when, is not.</summary>
    public void Began(string token) => _lost.TryAdd(token, time.GetUtcNow());

    /// <summary>What became of every call with it is known.</summary>
    public void Settled(string token) => _lost.TryRemove(token, out _);

    /// <summary>Whether the last call with it whose answer is missing is so long ago that its effect would be seen.</summary>
    public bool WouldBeSeen(string token) => time.GetUtcNow() - (_lost.TryGetValue(token, out var at) ? at : _startedAt) > Window;

    // Tokens are ULIDs, which begin with the time of their making.
    private bool WasMadeBefore(string token)
    {
        if (token.Length != UlidLength)
            return false;
        long milliseconds = 0;
        foreach (var letter in token[..TimeLength])
        {
            var digit = Crockford.IndexOf(letter, StringComparison.Ordinal);
            if (digit < 0)
                return false;
            milliseconds = (milliseconds << 5) | (uint)digit;
        }

        return milliseconds < _startedAt.ToUnixTimeMilliseconds();
    }
}
