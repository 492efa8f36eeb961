namespace ControlPlane.Simulation.Engine;

/// <summary>
/// What happened in a run, folded into one number: two runs with the same number had the same history. A run that is told to remember keeps its last lines too.
/// </summary>
public sealed class History(Agenda agenda, int linesKept = 0)
{
    private readonly Queue<string> _lines = new();
    private ulong _digest = 14695981039346656037UL;

    public ulong Digest => _digest;

    public bool Remembers => linesKept > 0;

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Notes a fact: who, what, and the content's own text.</summary>
    public void Note(string who, string what, string? content = null)
    {
        unchecked
        {
            Fold((ulong)agenda.Now.UtcTicks);
            Fold(who);
            Fold(what);
            if (content is not null)
                Fold(content);
        }

        if (linesKept == 0)
            return;
        _lines.Enqueue($"{agenda.Now:dd HH:mm:ss.fff} {who} {what} {content}");
        if (_lines.Count > linesKept)
            _lines.Dequeue();
    }

    private void Fold(string text)
    {
        foreach (var letter in text)
            Fold(letter);
    }

    /// <summary>FNV-1a, over whole numbers in place of bytes.</summary>
    private void Fold(ulong value)
    {
        unchecked
        {
            _digest = (_digest ^ value) * 1099511628211UL;
        }
    }
}
