using System.Runtime.Serialization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ControlPlane.Actors.Serialization;

namespace ControlPlane.Actors.Tests.Golden;

/// <summary>
/// What was once written can be read for ever: each manifest that is stored has a file <c>tests/Actors.Tests/Golden/(manifest).json</c>, which must read and,
/// unless it is an old version, write back as the same JSON.
/// </summary>
internal static class GoldenEvents
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Check(Manifests manifests)
    {
        var faults = manifests.All.Where(m => m.Kind != ManifestKind.Message).Select(m => Fault(manifests, m)).OfType<string>().ToList();
        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
    }

    private static string? Fault(Manifests manifests, Manifest manifest)
    {
        var file = Path.Combine(Folder(), $"{manifest.Name}.json");
        if (!File.Exists(file))
            return $"There is no golden file for {manifest.Name}. Review this and save it as {Path.GetFileName(file)}:\n{Proposal(manifest)}";

        var golden = JsonNode.Parse(File.ReadAllText(file));
        object value;
        try
        {
            value = manifests.Read(manifest.Name, Encoding.UTF8.GetBytes(golden!.ToJsonString()));
        }
        catch (SerializationException fault)
        {
            return $"{Path.GetFileName(file)} can no longer be read: {fault.Message}";
        }

        if (manifest.Kind == ManifestKind.Former)
            return manifests.Knows(value.GetType()) ? null : $"{manifest.Name} is read as {value.GetType().Name}, which has no manifest.";

        if (manifests.NameOf(value) != manifest.Name)
            return $"What stands in {Path.GetFileName(file)} would be written as {manifests.NameOf(value)}.";

        var written = JsonNode.Parse(manifests.Write(value));
        return JsonNode.DeepEquals(golden, written)
            ? null
            : $"{manifest.Name} no longer reads what was written: it was\n{golden.ToJsonString(Indented)}\nand comes back as\n{written!.ToJsonString(Indented)}\nA changed shape needs a new manifest (v2) and the old one as {nameof(ManifestTable.Former)}.";
    }

    private static string Proposal(Manifest manifest) =>
        JsonNode.Parse(JsonSerializer.SerializeToUtf8Bytes(Samples.Of(manifest.Type, manifest.Fact), manifest.Json))!.ToJsonString(Indented);

    private static string Folder()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "ControlPlane.sln")))
            directory = directory.Parent;
        return Path.Combine(directory?.FullName ?? throw new InvalidOperationException("The repository was not found above the tests."), "tests", "Actors.Tests", "Golden");
    }
}
