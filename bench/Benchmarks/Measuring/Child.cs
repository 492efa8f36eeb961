using System.Diagnostics;
using System.Globalization;

namespace ControlPlane.Benchmarks.Measuring;

/// <summary>
/// A process of its own for one run, so that it begins with an empty heap and can be ended as abruptly as a crash. It writes a line for each figure:
/// <c>name|unit|value</c>. The line <c>done</c> ends the run; the process is then killed.
/// </summary>
internal static class Child
{
    private const string Done = "done";

    /// <summary>Runs this program again, and kills it when it has said all.</summary>
    public static async Task RunAsync(Report report, TimeSpan patience, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "ControlPlane.Benchmarks.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(patience);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is var line && line != Done)
            {
                if (line is null)
                    throw new InvalidOperationException($"The process of '{arguments[0]}' ended before it was done.");
                if (line.Split('|') is [var name, var unit, var value])
                    report.Add(name, unit, double.Parse(value, CultureInfo.InvariantCulture));
            }
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>In the child: tells a figure.</summary>
    public static void Tell(string name, string unit, double value) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}|{unit}|{value}"));

    /// <summary>In the child: says that all is told, and waits to be killed.</summary>
    public static async Task<int> EndAsync()
    {
        await Console.Out.WriteLineAsync(Done);
        await Console.Out.FlushAsync();
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    /// <summary>In the child: the processor time that the process has used. It says more than the clock where other processes keep the machine busy.</summary>
    public static double ProcessorSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>In the child: the time since the process was started.</summary>
    public static double SecondsSinceStart => (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
}
