using ControlPlane.Catalog;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Import;

/// <summary>How a file is taken over.</summary>
/// <param name="File">The file's name, for the head of the document.</param>
/// <param name="Api">The API server that the file's queues live on.</param>
/// <param name="Embedded">Machines cannot reach the control plane: what they need stands in their user data.</param>
internal sealed record ImportOptions(string File, string Api, bool Embedded);

/// <summary>A document made of a foreign file.</summary>
/// <param name="Document">YAML with comments.</param>
/// <param name="NoCounterpart">What of the file has no counterpart in it.</param>
/// <param name="ToMend">What a person must write or mend before it can be applied.</param>
internal sealed record ImportResult(string Document, IReadOnlyList<string> NoCounterpart, IReadOnlyList<string> ToMend);

/// <summary>Makes a configuration of what one of ClearML's autoscalers was told. Secrets become references; their values are neither written nor shown.</summary>
internal static class AutoscalerImport
{
    public const int MostBytes = 1024 * 1024;

    /// <exception cref="ImportException">The file is none that ClearML's autoscalers write or read.</exception>
    public static ImportResult Make(string text, ImportOptions options)
    {
        var autoscaler = AutoscalerReader.Read(text);
        var (document, noCounterpart) = new AutoscalerDocument(autoscaler, options).Write();
        var faults = ConfigurationDocument.Parse(document).Faults;
        return new ImportResult(document, noCounterpart, [.. faults.Select(f => f.ToString())]);
    }

    /// <summary>A name by our rule, as close to the file's as it can be.</summary>
    public static string NameOf(string name, Func<string, bool> isFree)
    {
        var kept = ObjectName.Like(name);
        var free = kept;
        for (var n = 2; !isFree(free); n++)
            free = $"{kept}-{n}";
        return free;
    }
}
