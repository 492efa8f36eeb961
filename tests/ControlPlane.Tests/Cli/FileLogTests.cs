using ControlPlane.Cli;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Host.Tests.Cli;

public sealed class FileLogTests
{
    [Fact]
    public void Entries_AreLinesOfTheFile()
    {
        var folder = Directory.CreateTempSubdirectory("controlplane-log-");
        try
        {
            var file = Path.Combine(folder.FullName, "node.log");
            using (var log = new FileLog(file, new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))))
            {
                var logger = log.CreateLogger("Queues");
                logger.LogWarning("a {Word}\u001b", "word");
                logger.LogError(new InvalidOperationException("broken"), "failed");
                log.Dispose();
                logger.LogError("too late");
            }

            var lines = File.ReadAllLines(file);
            Assert.Equal("2026-03-01 12:00:00.000 Warning     Queues: a word ", lines[0]);
            Assert.Equal("2026-03-01 12:00:00.000 Error       Queues: failed", lines[1]);
            Assert.Contains("broken", lines[2], StringComparison.Ordinal);
            Assert.Equal(3, lines.Length);
        }
        finally
        {
            folder.Delete(true);
        }
    }
}
