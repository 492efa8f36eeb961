using ControlPlane.Domain.Catalog;

namespace ControlPlane.Catalog;

/// <summary>The declarative document <c>controlplane.yaml</c>: text to configuration and back. docs/configuration.md describes its keys.</summary>
public static class ConfigurationDocument
{
    /// <summary>The most that a document may measure in UTF-8.</summary>
    public const int MaxBytes = YamlReader.MaxBytes;

    /// <summary>Reads a document, YAML or JSON, and checks it by all rules. Never throws on account of its content.</summary>
    public static ParsedDocument Parse(string text)
    {
        var faults = new DocumentFaults();
        var root = YamlReader.Read(text, faults);
        if (root is null)
        {
            return new ParsedDocument(null, null, faults.InOrder());
        }

        var shape = new DocumentBinder(faults).Bind<DocumentShape>(root, "");
        var configuration = new DocumentMapper(root, faults).Map(shape);
        foreach (var fault in ConfigurationRules.Check(configuration))
        {
            if (!faults.Covers(fault.Path))
            {
                faults.Add(root.Locate(fault.Path), fault.Path, fault.Message, fault.Fix);
            }
        }

        return new ParsedDocument(root, faults.Any ? null : configuration, faults.InOrder());
    }

    /// <summary>The document of a configuration in its canonical form; <see cref="Parse"/> reads the same configuration from it.</summary>
    public static string Write(Configuration configuration) => YamlWriter.Write(DocumentUnmapper.Unmap(configuration));
}
