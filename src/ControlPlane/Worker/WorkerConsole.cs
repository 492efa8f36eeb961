using System.Globalization;
using ControlPlane.Providers.Local;

namespace ControlPlane.Worker;

/// <summary>What a worker tells whoever reads its console: one line each, with its time.</summary>
internal sealed class WorkerConsole(TextWriter output, TimeProvider time, InstanceClaim? claim, int maxBytes)
{
    private readonly Lock _lines = new();

    public void Say(string message)
    {
        lock (_lines)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {message}"));
            output.Flush();
            claim?.CapConsole(maxBytes);
        }
    }
}
