using System.CommandLine;
using ControlPlane.Import;

namespace ControlPlane.Cli;

/// <summary><c>import clearml</c>.</summary>
internal static class ImportVerbs
{
    private const string HostedApi = "https://api.clear.ml";

    public static Command Build(Verbs verbs)
    {
        var file = new Argument<string>("FILE") { Description = "aws_autoscaler.yaml, or the JSON that ClearML's AWS or GCP autoscaler app exports; - reads standard input." };
        var output = new Option<string?>("--out", "-o") { Description = "Where the document goes; a file that is there is not overwritten. Left out: standard output.", HelpName = "FILE" };
        var api = new Option<string>("--api") { Description = "The API server of ClearML, which the file does not name.", HelpName = "URL", DefaultValueFactory = _ => HostedApi };
        var embedded = new Option<bool>("--embedded") { Description = "Machines cannot reach the node: what they need, secrets included, goes into their user data, as ClearML does." };
        return Verbs.Group("import", "Make a configuration of another autoscaler's.", verbs.Make(
            "clearml",
            "Make a configuration of one of ClearML's AWS and GCP autoscalers. Nothing is applied.",
            (i, cancel) => ImportAsync(i, i.Value(file), i.Value(output), new ImportOptions(Path.GetFileName(i.Value(file)), i.Value(api), i.Value(embedded)), cancel),
            file, output, api, embedded));
    }

    private static async Task<int> ImportAsync(Invocation i, string file, string? output, ImportOptions options, CancellationToken cancel)
    {
        var text = await i.ReadAsync(file, AutoscalerImport.MostBytes, cancel);
        ImportResult made;
        try
        {
            made = AutoscalerImport.Make(text, options);
        }
        catch (ImportException fault)
        {
            throw new FaultyInputException($"{file}: {fault.Message} Nothing was written.");
        }

        if (output is null)
            i.Terminal.Output.Write(Printable.Lines(made.Document));
        else
            await WriteAsync(output, made.Document, cancel);
        foreach (var note in made.NoCounterpart)
            i.Remark($"No counterpart: {note}");
        foreach (var fault in made.ToMend)
            i.Remark($"To be mended before it can be applied: {output ?? "line"}:{fault}");
        i.Remark(output is null ? "Nothing was applied." : $"{output} was written. Read its comments, then: controlplane apply -f {output} --dry-run");
        return ExitCode.Ok;
    }

    private static async Task WriteAsync(string file, string text, CancellationToken cancel)
    {
        try
        {
            await using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
            await using var writer = new StreamWriter(stream);
            await writer.WriteAsync(text.AsMemory(), cancel);
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new FaultyInputException($"{file} is there already, and is not overwritten. Name another file with --out, or remove it.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FaultyInputException($"{file} cannot be written: {e.Message}");
        }
    }
}
