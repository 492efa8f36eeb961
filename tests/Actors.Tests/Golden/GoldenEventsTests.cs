using ControlPlane.Actors.Tests.Shell;

namespace ControlPlane.Actors.Tests.Golden;

public sealed class GoldenEventsTests
{
    [Fact]
    public void Entities_GoldenFiles_ReadAndWriteBackTheSame() => GoldenEvents.Check(EntityHosting.Manifests);

    [Fact]
    public void StoredManifests_GoldenFiles_ReadAndWriteBackTheSame() => GoldenEvents.Check(CounterManifests.All);
}
