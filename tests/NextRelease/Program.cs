using System.Text.Json;
using ControlPlane.Actors.Serialization;
using ControlPlane.Cli;
using ControlPlane.Hosting;

// The program as its next release might be, for tests of an upgrade: it writes every event, message and snapshot under a new manifest and with other names in its JSON, which this
// release cannot read, and it still knows how this release wrote them.
return await CommandLine.InvokeAsync(args, CommandParts.OfProcess() with { Run = (arguments, cancel) => NodeStart.RunAsync(arguments, cancel, Next()) });

static Release Next()
{
    var version = new Version(Release.Current.Version);
    var next = $"{version.Major}.{version.Minor + 1}.0";
    return new Release(next, Manifests.Of(Release.Current.Manifests.All.SelectMany(m => m.Kind == ManifestKind.Former ? [m] : Forms(m, next))));
}

static IEnumerable<Manifest> Forms(Manifest now, string version)
{
    yield return now with { Name = now.Name[..now.Name.LastIndexOf('.')] + ".v2", Json = Renamed(now), Since = Akka.Util.AppVersion.Create(version) };
    yield return now with
    {
        Kind = ManifestKind.Former,
        Upgrade = value => value,
        WrittenFor = new Stead(now.Fact ?? now.Type, value => value),
        Fact = null,
        FactOf = null,
    };
}

static System.Text.Json.Serialization.Metadata.JsonTypeInfo Renamed(Manifest manifest) =>
    new JsonSerializerOptions(manifest.Json.Options) { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseUpper }.GetTypeInfo(manifest.Json.Type);
