using ControlPlane.Domain.Instances;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

/// <summary>
/// Found by simulation: a machine that was absent because it was new, and ended before it was ever shown, was billed only up to its first absence; and one that
/// ended while a list was being read was billed only up to the list's beginning.
/// </summary>
public sealed class AbsenceOfANewMachineTests
{
    [Fact]
    public void Absent_WhileItMayNotBeShownYet_SaysNothing()
    {
        var instance = InstanceSubject.In(Phase.Booting);
        Assert.Empty(instance.After(Seconds(30)).Absent(Seconds(60)).Events);
        instance.After(Seconds(40)).Absent(Seconds(60));
        var first = instance.Now;
        instance.After(Seconds(60)).Absent(Seconds(60));
        Assert.Equal((Phase.Ended, first), (instance.State.Phase, instance.State.EndedAt!.Value));
    }

    [Fact]
    public void Absent_ALateAnswer_CountsFromWhenItWasHeard()
    {
        var instance = InstanceSubject.In(Phase.Busy).After(Minutes(5));
        instance.Send(new InstanceCommand.MachineAbsent(instance.Now - Seconds(5), TimeSpan.Zero));
        var heard = instance.Now;
        instance.After(Seconds(5)).Absent(TimeSpan.Zero);
        Assert.Equal(heard, instance.State.EndedAt);
    }
}
