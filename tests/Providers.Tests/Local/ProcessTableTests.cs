using System.Diagnostics;
using ControlPlane.Providers.Local;

namespace ControlPlane.Providers.Tests.Local;

/// <summary>No process that bears a mark is missed by two looks in a row, whatever it does at the time.</summary>
public sealed class ProcessTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("process-table-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Families_HoldAProcessThatBecomesAnotherAllTheTime()
    {
        // It becomes itself again without an end, in a session of its own, so that neither a parent nor a session bears its mark for it. It works a little each
        // time: else a look that waits for the kernel until the program has changed could meet the next change again and again.
        var script = Path.Combine(_folder, "again.sh");
        File.WriteAllText(script, "i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done; exec /bin/sh \"$0\"\n");
        var mark = Guid.NewGuid().ToString("N");
        using var process = Start(script, mark);
        try
        {
            var missed = 0;
            for (var look = 0; look < 300; look++)
            {
                missed = ProcessTable.Families("PROCESS_TABLE_TEST")[mark].Any(p => p.Pid == process.Id) ? 0 : missed + 1;
                Assert.InRange(missed, 0, 1);
            }
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }

        Assert.Empty(ProcessTable.Families("PROCESS_TABLE_TEST")[mark]);
    }

    private static Process Start(string script, string mark)
    {
        var start = new ProcessStartInfo("setsid") { ArgumentList = { "/bin/sh", script } };
        start.Environment["PROCESS_TABLE_TEST"] = mark;
        return Process.Start(start)!;
    }
}
