namespace ControlPlane.Domain.Catalog;

/// <summary>Finds what someone who misspelt a word probably meant.</summary>
public static class Suggestion
{
    private const int LongestWord = 128;

    /// <summary>The known word with the fewest edits (insert, delete, replace, swap neighbours; case is free), null if none is near: up to a third
    /// of the word, at most 3.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        if (written.Length is 0 or > LongestWord)
        {
            return null;
        }

        string? best = null;
        var allowed = Math.Clamp(written.Length / 3, 1, 3);
        foreach (var word in known)
        {
            if (word.Length > LongestWord || Math.Abs(word.Length - written.Length) > allowed)
            {
                continue;
            }

            var edits = Edits(written, word, allowed);
            if (edits < allowed || (edits == allowed && best is null))
            {
                (best, allowed) = (word, edits);
                if (edits == 0)
                {
                    break;
                }
            }
        }

        return best;
    }

    /// <summary>Edits between two words (optimal string alignment), or more than <paramref name="limit"/> as soon as that is certain.</summary>
    private static int Edits(string a, string b, int limit)
    {
        Span<int> before = stackalloc int[b.Length + 1];
        Span<int> above = stackalloc int[b.Length + 1];
        Span<int> row = stackalloc int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            above[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            var least = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = above[j - 1] + (Same(a[i - 1], b[j - 1]) ? 0 : 1);
                row[j] = Math.Min(replace, Math.Min(above[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }

                least = Math.Min(least, row[j]);
            }

            if (least > limit)
            {
                return limit + 1;
            }

            above.CopyTo(before);
            row.CopyTo(above);
        }

        return above[b.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
