using CsCheck;

namespace ControlPlane.Domain.Tests.World;

public sealed class SmallWorldTests
{
    /// <summary>
    /// At most one machine an intent, no pool above its maximum, no busy worker ended by scale-in, every task done or returned, and everything at rest in the end.
    /// </summary>
    [Fact]
    public void AnyWorld_KeepsItsPromisesAndComesToRest() => Gen.Int[0, int.MaxValue - 1].Sample(seed => new SmallWorld(seed).Run(400), iter: 300);
}
