using ControlPlane.Domain.Scaling;

namespace ControlPlane.Providers.Tests.Plugins;

internal static class Situations
{
    /// <summary>Three tasks wait, one runs, on instances of two slots.</summary>
    public static Situation At(string utc) => new(
        DateTimeOffset.Parse(utc + "Z"), "training", Pending: 3, OldestWait: TimeSpan.FromMinutes(1), Running: 1, FreeSlots: 0, IdleSlots: 0, BootingSlots: 0,
        Booting: 0, Idle: 0, Busy: 1, Leaving: 0, SlotsPerInstance: 2, MinInstances: 0, MaxInstances: 10);
}
