using System.Text;

namespace ControlPlane.Domain.Instances;

/// <summary>What is kept of a console: its last lines, few and short, because they are stored for ever.</summary>
public static class ConsoleTail
{
    /// <summary>The most lines that are kept.</summary>
    public const int MostLines = 10;

    /// <summary>The most characters that are kept of all lines together.</summary>
    public const int MostCharacters = 2_000;

    /// <summary>How much of a console's end is read for that, in bytes: boots end in many a line without text.</summary>
    public const int BytesToRead = 8_192;

    /// <summary>The last lines that bear text, without control characters. Empty for null. The first one kept may be cut at its beginning.</summary>
    public static IReadOnlyList<string> Of(string? text)
    {
        List<string> kept = [];
        var left = MostCharacters;
        foreach (var line in (text ?? "").Split('\n').Reverse())
        {
            var plain = Plain(line);
            if (plain.Length == 0)
                continue;
            if (plain.Length > left)
                plain = plain[^left..];
            kept.Insert(0, plain);
            left -= plain.Length;
            if (kept.Count == MostLines || left == 0)
                break;
        }

        return kept;
    }

    /// <summary>Terminals are coloured by sequences of control characters: they are left out with what they begin.</summary>
    private static string Plain(string line)
    {
        var plain = new StringBuilder(line.Length);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '\u001b' && i + 1 < line.Length && line[i + 1] == '[')
            {
                i += 2;
                while (i < line.Length && line[i] is < '@' or > '~')
                    i++;
            }
            else if (line[i] == '\t')
            {
                plain.Append(' ');
            }
            else if (!char.IsControl(line[i]))
            {
                plain.Append(line[i]);
            }
        }

        return plain.ToString().Trim();
    }
}
