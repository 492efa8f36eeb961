using ControlPlane.Domain.Catalog;

namespace ControlPlane.Catalog;

/// <summary>What is wrong with a document, and where.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Path">Into the document, e.g. <c>queues[1].pools[0]</c>; empty for the document as a whole.</param>
/// <param name="Message">What is wrong, with the value.</param>
/// <param name="Fix">What to write instead.</param>
public sealed record DocumentFault(int Line, int Column, string Path, string Message, string Fix)
{
    public override string ToString() => Path.Length == 0 ? $"{Line}:{Column}: {Message} {Fix}" : $"{Line}:{Column} {Path}: {Message} {Fix}";
}

/// <summary>A document that was read.</summary>
public sealed record ParsedDocument
{
    private readonly YamlNode? root;

    internal ParsedDocument(YamlNode? root, Configuration? configuration, IReadOnlyList<DocumentFault> faults) =>
        (this.root, Configuration, Faults) = (root, configuration, faults);

    /// <summary>What the document declares, checked, its pools stamped; null if there is any fault.</summary>
    public Configuration? Configuration { get; }

    /// <summary>In the order of their places; empty if the document may be applied.</summary>
    public IReadOnlyList<DocumentFault> Faults { get; }

    public void Deconstruct(out Configuration? configuration, out IReadOnlyList<DocumentFault> faults) => (configuration, faults) = (Configuration, Faults);

    /// <summary>Finds the place of a fault that was found later, by the catalog.</summary>
    public DocumentFault Locate(ConfigurationFault fault)
    {
        var place = root?.Locate(fault.Path) ?? Place.Start;
        return new DocumentFault(place.Line, place.Column, fault.Path, fault.Message, fault.Fix);
    }
}

/// <summary>Gathers the faults of a document; at most one for each path, the first. Bounded like the rules' own list.</summary>
internal sealed class DocumentFaults
{
    private const int MostFaults = 1_000;
    private readonly Dictionary<string, DocumentFault> faults = new(StringComparer.Ordinal);
    private readonly HashSet<string> meant = new(StringComparer.Ordinal);

    /// <summary>Found before there was a tree to find places in.</summary>
    public void Add(Place place, string path, string message, string fix)
    {
        if (faults.Count < MostFaults)
        {
            faults.TryAdd(path, new DocumentFault(place.Line, place.Column, path, message, fix));
        }
    }

    public bool Any => faults.Count > 0;

    /// <summary>A misspelt key was probably meant for this path, so that it is not missing besides.</summary>
    public void Meant(string path) => meant.Add(path);

    /// <summary>True if this path, or one that it lies under, is known to be faulty: then what follows from its value means nothing.</summary>
    public bool Covers(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOfAny(['.', '['], end - 1))
        {
            if (faults.ContainsKey(path[..end]) || meant.Contains(path[..end]))
            {
                return true;
            }
        }

        return false;
    }

    public IReadOnlyList<DocumentFault> InOrder() => [.. faults.Values.OrderBy(f => f.Line).ThenBy(f => f.Column).ThenBy(f => f.Path, StringComparer.Ordinal)];
}
