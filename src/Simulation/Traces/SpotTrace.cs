using System.Globalization;
using System.IO.Compression;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>How a spot offer stands from a time on.</summary>
/// <param name="At">From when on, counted from the trace's own beginning.</param>
/// <param name="Available">Whether a machine could be had, and those that run may stay.</param>
/// <param name="Rate">Its price; null if the trace does not tell.</param>
public sealed record SpotChange(TimeSpan At, bool Available, HourlyRate? Rate);

/// <summary>When spot machines could be had: changes by zone and type, each in the order of time, and what was wrong with the file.</summary>
/// <param name="Changes">By zone and type. A change holds until the next; before the first one the offer is not available.</param>
/// <param name="Faults">Lines that were left out.</param>
/// <param name="WasUnsorted">The file's order was another; it was sorted.</param>
public sealed record SpotTrace(IReadOnlyDictionary<(string Zone, string Type), IReadOnlyList<SpotChange>> Changes, IReadOnlyList<TraceFault> Faults, bool WasUnsorted)
{
    private static readonly string[] Needed = ["time_s", "zone", "instance_type", "available"];

    /// <summary>Reads CSV with a header, gzip or not, told apart by its first two bytes.</summary>
    /// <exception cref="FormatException">There is no usable header; the message says which column is missing.</exception>
    public static SpotTrace Read(Stream stream, string file)
    {
        using var buffered = new BufferedStream(stream);
        Span<byte> magic = stackalloc byte[2];
        var isGzip = buffered.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
        buffered.Position = 0;
        using var reader = new StreamReader(isGzip ? new GZipStream(buffered, CompressionMode.Decompress) : buffered);
        return Read(reader, file);
    }

    private static SpotTrace Read(StreamReader reader, string file)
    {
        var header = (reader.ReadLine() ?? throw new FormatException($"{file}:1: the file is empty; it must begin with the header time_s,zone,instance_type,available,price")).Trim().Split(',');
        foreach (var name in Needed)
        {
            if (!header.Contains(name))
                throw new FormatException($"{file}:1: the header has no column {name}");
        }

        var (time, zone, type, available, price) =
            (Array.IndexOf(header, "time_s"), Array.IndexOf(header, "zone"), Array.IndexOf(header, "instance_type"), Array.IndexOf(header, "available"), Array.IndexOf(header, "price"));
        Dictionary<(string, string), List<SpotChange>> changes = [];
        List<TraceFault> faults = [];
        var sorted = true;
        for (var line = 2; reader.ReadLine() is { } text; line++)
        {
            if (text.Length == 0)
                continue;
            var cells = text.Split(',');
            var cost = cells.Length == header.Length && price >= 0 ? cells[price] : "";
            if (cells.Length != header.Length)
            {
                faults.Add(new TraceFault(file, line, $"{cells.Length} columns where the header has {header.Length}"));
            }
            else if (Number(cells[time]) is not { } seconds || seconds > 1e9)
            {
                faults.Add(new TraceFault(file, line, $"time_s is '{cells[time]}', which is no number of seconds from 0 on"));
            }
            else if (cells[type].Length == 0)
            {
                faults.Add(new TraceFault(file, line, "instance_type is empty"));
            }
            else if (cells[available] is not ("0" or "1"))
            {
                faults.Add(new TraceFault(file, line, $"available is '{cells[available]}'; it is 0 or 1"));
            }
            else if (cost.Length > 0 && Number(cost) is not <= 100_000)
            {
                faults.Add(new TraceFault(file, line, $"price is '{cost}', which is no price in dollars an hour from 0 to 100000"));
            }
            else
            {
                if (!changes.TryGetValue((cells[zone], cells[type]), out var known))
                    changes[(cells[zone], cells[type])] = known = [];
                var change = new SpotChange(
                    TimeSpan.FromSeconds(seconds), cells[available] == "1", cost.Length > 0 ? HourlyRate.FromDollars((decimal)Number(cost)!.Value) : null);
                sorted &= known.Count == 0 || known[^1].At <= change.At;
                known.Add(change);
            }
        }

        return new SpotTrace(
            changes.ToDictionary(c => c.Key, c => (IReadOnlyList<SpotChange>)(sorted ? c.Value : [.. c.Value.OrderBy(v => v.At)])), faults, !sorted);
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= 0 && double.IsFinite(number) ? number : null;
}
