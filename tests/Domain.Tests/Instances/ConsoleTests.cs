using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Tests.Providers;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Instances;

/// <summary>What stands on the console of a machine whose boot was stuck is kept, and nothing waits for it.</summary>
public sealed class ConsoleTests
{
    [Fact]
    public void StuckBoot_ItsConsoleIsAsked_AndWhatItShowsIsKept()
    {
        var instance = Stuck();
        Assert.Single(Asked(instance));
        var kept = Assert.IsType<InstanceEvent.ConsoleKept>(Assert.Single(instance.Send(new InstanceCommand.ConsoleRead("one\ntwo\n")).Events));
        Assert.Equal(["one", "two"], kept.Lines);
        Assert.Empty(Asked(instance));
        Assert.Empty(instance.Send(new InstanceCommand.ConsoleRead("three")).Events);
    }

    [Fact]
    public void StuckBoot_NoAnswerComes_IsEndedAllTheSame()
    {
        var instance = Stuck();
        instance.Send(new InstanceCommand.FeedingStopped(true));
        instance.After(Seconds(1)).LookAtNothing();
        instance.After(Minutes(3)).LookAtNothing();
        Assert.Equal(Phase.Terminating, instance.State.Phase);
        Assert.Contains(instance.Owed, e => e is InstanceEffect.AskGateway { Command: GatewayCommand.Terminate });
        Assert.Single(Asked(instance));

        // The machine is gone, and asking for it is over; an answer on its way is still kept.
        instance.Seen(MachineState.Ended);
        Assert.Empty(Asked(instance));
        Assert.Empty(Assert.IsType<InstanceEvent.ConsoleKept>(Assert.Single(instance.Send(new InstanceCommand.ConsoleRead(null)).Events)).Lines);
    }

    [Fact]
    public void OtherOutcomes_NobodyAsksForTheConsole()
    {
        var instance = InstanceSubject.In(Phase.Booting);
        instance.Send(new InstanceCommand.Drain(Outcome.Policy, "it is no longer needed"));
        Assert.Empty(Asked(instance));
        Assert.Empty(instance.Send(new InstanceCommand.ConsoleRead("late")).Events);
    }

    [Fact]
    public void Tail_OfAnyText_IsFewShortLinesWithoutControlCharacters()
    {
        Assert.Empty(ConsoleTail.Of(null));
        Assert.Empty(ConsoleTail.Of("\n \r\n"));
        Assert.Equal(["failed to start", "login: x"], ConsoleTail.Of("\u001b[1;31mfailed\u001b[0m to start\r\n\r\nlogin:\tx\u0007\n"));
        Assert.Equal(Enumerable.Range(20, 10).Select(i => $"line {i}"), ConsoleTail.Of(string.Join('\n', Enumerable.Range(0, 30).Select(i => $"line {i}"))));
        var wide = ConsoleTail.Of($"{new string('a', 5_000)}\n{new string('b', 1_500)}");
        Assert.Equal([500, 1_500], wide.Select(l => l.Length));
    }

    [Fact]
    public void Gateway_ManyAskAtOnce_ReadsAFewAndWhoFailedMayAskAgain()
    {
        var gateway = GatewaySubject.Configured();
        var calls = Enumerable.Range(1, 10).SelectMany(n => Read(gateway, n).Effects).OfType<GatewayEffect.CallConsole>().ToArray();
        Assert.Equal(4, calls.Length);
        Assert.Empty(Read(gateway, 1).Effects);
        Assert.Empty(gateway.Machine.Send(new GatewayCommand.ConsoleAnswered(Id(1), false, null)).Effects);
        Assert.Single(Read(gateway, 1).Effects);
        var told = Assert.IsType<GatewayEffect.TellInstance>(Assert.Single(gateway.Machine.Send(new GatewayCommand.ConsoleAnswered(Id(1), true, "text")).Effects));
        Assert.Equal((Queue, Id(1), (InstanceCommand)new InstanceCommand.ConsoleRead("text")), (told.Queue, told.Instance, told.Command));
        Assert.Empty(gateway.Machine.Send(new GatewayCommand.ConsoleAnswered(Id(1), true, "text")).Effects);
    }

    private static Decision<GatewayEvent, GatewayEffect> Read(GatewaySubject gateway, int n) =>
        gateway.Machine.Send(new GatewayCommand.ReadConsole(new InstanceRef(Id(n), $"m{n}"), Queue));

    private static InstanceSubject Stuck()
    {
        var instance = InstanceSubject.In(Phase.Booting).After(Minutes(31));
        instance.LookAtNothing();
        Assert.Equal(Outcome.StuckBooting, instance.State.Leaving);
        return instance;
    }

    private static IEnumerable<InstanceEffect> Asked(InstanceSubject instance) => instance.Owed.Where(e => e is InstanceEffect.AskGateway { Command: GatewayCommand.ReadConsole });
}
