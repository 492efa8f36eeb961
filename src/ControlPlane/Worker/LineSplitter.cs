using System.Text;

namespace ControlPlane.Worker;

/// <summary>Cuts a task's output into lines as a terminal would show them, none of them too long.</summary>
public static class LineSplitter
{
    /// <summary>A longer line goes on in the next.</summary>
    public const int MaxChars = 16_384;

    /// <summary>Reads to the end of the stream. It is no error that the stream is closed meanwhile.</summary>
    public static async Task ReadAsync(TextReader reader, Action<string> line, CancellationToken cancel)
    {
        var buffer = new char[4096];
        var current = new StringBuilder();
        int read;
        while ((read = await reader.ReadAsync(buffer, cancel)) > 0)
        {
            foreach (var c in buffer.AsSpan(0, read))
            {
                if (c != '\n')
                    current.Append(c);
                if (c == '\n' || current.Length == MaxChars)
                    Emit(current, line);
            }
        }

        if (current.Length > 0)
            Emit(current, line);
    }

    /// <summary>A progress bar overwrites its line by carriage returns: the last state counts.</summary>
    private static void Emit(StringBuilder current, Action<string> line)
    {
        var text = current.ToString().TrimEnd('\r');
        line(text[(text.LastIndexOf('\r') + 1)..]);
        current.Clear();
    }
}
