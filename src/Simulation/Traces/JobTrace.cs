using System.Globalization;
using System.IO.Compression;

namespace ControlPlane.Simulation.Traces;

/// <summary>One job of a trace. Times count from the trace's own beginning.</summary>
/// <param name="SubmittedAt">When it was submitted.</param>
/// <param name="Duration">Its run time, without waiting.</param>
/// <param name="Queue">Its queue.</param>
/// <param name="Gpus">GPUs that it needs; null if unknown.</param>
public sealed record TraceJob(TimeSpan SubmittedAt, TimeSpan Duration, string Queue, double? Gpus);

/// <summary>A line that could not be read.</summary>
public sealed record TraceFault(string File, int Line, string Message)
{
    public override string ToString() => $"{File}:{Line}: {Message}";
}

/// <summary>The jobs of a file in the order of their submission, and what was wrong with it.</summary>
/// <param name="Jobs">Sorted by submission.</param>
/// <param name="Faults">Lines that were left out, in order: none in silence.</param>
/// <param name="WasUnsorted">The file's order was another; it was sorted.</param>
public sealed record JobTrace(IReadOnlyList<TraceJob> Jobs, IReadOnlyList<TraceFault> Faults, bool WasUnsorted)
{
    private static readonly string[] Needed = ["submit_s", "duration_s", "queue"];

    /// <summary>Reads CSV with a header, gzip or not, told apart by its first two bytes.</summary>
    /// <exception cref="FormatException">There is no usable header; the message says which column is missing.</exception>
    public static JobTrace Read(Stream stream, string file)
    {
        using var buffered = new BufferedStream(stream);
        Span<byte> magic = stackalloc byte[2];
        var isGzip = buffered.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
        buffered.Position = 0;
        using var reader = new StreamReader(isGzip ? new GZipStream(buffered, CompressionMode.Decompress) : buffered);
        return Read(reader, file);
    }

    private static JobTrace Read(StreamReader reader, string file)
    {
        var header = (reader.ReadLine() ?? throw new FormatException($"{file}:1: the file is empty; it must begin with a header such as submit_s,duration_s,queue,gpus")).Trim().Split(',');
        foreach (var name in Needed)
        {
            if (!header.Contains(name))
                throw new FormatException($"{file}:1: the header has no column {name}");
        }

        var submit = Array.IndexOf(header, "submit_s");
        var duration = Array.IndexOf(header, "duration_s");
        var queue = Array.IndexOf(header, "queue");
        var gpus = Array.IndexOf(header, "gpus");
        List<TraceJob> jobs = [];
        List<TraceFault> faults = [];
        var sorted = true;
        for (var line = 2; reader.ReadLine() is { } text; line++)
        {
            if (text.Length == 0)
                continue;
            var cells = text.Split(',');
            if (cells.Length != header.Length)
                faults.Add(new TraceFault(file, line, $"{cells.Length} columns where the header has {header.Length}"));
            else if (Seconds(cells[submit]) is not { } at)
                faults.Add(new TraceFault(file, line, $"submit_s is '{cells[submit]}', which is no number of seconds from 0 on"));
            else if (Seconds(cells[duration]) is not { } time)
                faults.Add(new TraceFault(file, line, $"duration_s is '{cells[duration]}', which is no number of seconds from 0 on"));
            else if (cells[queue].Length == 0)
                faults.Add(new TraceFault(file, line, "queue is empty"));
            else if (gpus >= 0 && cells[gpus].Length > 0 && Number(cells[gpus]) is null)
                faults.Add(new TraceFault(file, line, $"gpus is '{cells[gpus]}', which is no number from 0 on"));
            else
                jobs.Add(new TraceJob(at, time, cells[queue], gpus >= 0 && cells[gpus].Length > 0 ? Number(cells[gpus]) : null));
            sorted &= jobs.Count < 2 || jobs[^2].SubmittedAt <= jobs[^1].SubmittedAt;
        }

        return new JobTrace(sorted ? jobs : [.. jobs.OrderBy(j => j.SubmittedAt)], faults, !sorted);
    }

    private static TimeSpan? Seconds(string text) => Number(text) is { } number && number <= 1e9 ? TimeSpan.FromSeconds(number) : null;

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= 0 && double.IsFinite(number) ? number : null;
}
