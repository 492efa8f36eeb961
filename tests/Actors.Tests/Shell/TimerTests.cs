namespace ControlPlane.Actors.Tests.Shell;

public sealed class TimerTests : ShellTest
{
    private readonly DateTimeOffset _start;

    public TimerTests() => _start = Time.GetUtcNow();

    [Fact]
    public void Deadline_Reached_SendsTheTickThen()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Wait(TimeSpan.FromSeconds(90)), TestActor);
        Pass(TimeSpan.FromSeconds(89), counter);
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Pass(TimeSpan.FromSeconds(2), counter);
        var call = Calls.ExpectMsg<CallMade>();
        Assert.Equal("waited", call.Id);
        Assert.InRange(call.At - _start, TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(90.2));
    }

    [Fact]
    public void Deadline_MovedBeforeItIsReached_OnlyTheNewOneCounts()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Wait(TimeSpan.FromSeconds(10)), TestActor);
        Pass(TimeSpan.FromSeconds(5), counter);
        counter.Tell(new CounterCommand.Wait(TimeSpan.FromSeconds(10)), TestActor);
        Pass(TimeSpan.FromSeconds(9), counter);
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Pass(TimeSpan.FromSeconds(2), counter);
        Calls.ExpectMsg<CallMade>();
        Pass(TimeSpan.FromSeconds(60), counter);
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void Deadline_PassedWhileTheEntityWasDown_IsMadeUpFor()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Wait(TimeSpan.FromSeconds(10)), TestActor);
        Total(counter);
        Kill(counter);
        Time.Advance(TimeSpan.FromHours(1));
        var again = Started();
        Pass(TimeSpan.FromSeconds(0.2), again);
        Assert.Equal("waited", Calls.ExpectMsg<CallMade>().Id);
    }

    [Fact]
    public void OwedEffect_Unanswered_IsRepeatedWithBackOffUntilItIsDone()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Start("a"), TestActor);
        Total(counter);
        Pass(TimeSpan.FromSeconds(100), counter);
        counter.Tell(new CounterCommand.Finish("a"), TestActor);
        Pass(TimeSpan.FromSeconds(100), counter);

        var times = new List<double>();
        while (Calls.HasMessages)
            times.Add((Calls.ExpectMsg<CallMade>().At - _start).TotalSeconds);
        var pauses = times.Zip(times.Skip(1), (a, b) => b - a).ToList();

        // The first check only takes note; then 1, 2, 4, 8, 16 and from there 30 seconds, to the grain of the test's clock.
        Assert.Equal(0, times[0]);
        double[] expected = [2, 2, 4, 8, 16, 30, 30];
        Assert.Equal(expected.Length, pauses.Count);
        Assert.All(expected.Zip(pauses), p => Assert.InRange(p.Item2, p.Item1 - 0.01, p.Item1 + 0.35));
    }

    [Fact]
    public void OwedEffects_OneIsNew_TheOtherKeepsItsBackOff()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Start("old"), TestActor);
        Total(counter);
        Pass(TimeSpan.FromSeconds(40), counter);
        while (Calls.HasMessages)
            Calls.ExpectMsg<CallMade>();

        counter.Tell(new CounterCommand.Start("new"), TestActor);
        Total(counter);
        Pass(TimeSpan.FromSeconds(10), counter);
        var ids = new List<string>();
        while (Calls.HasMessages)
            ids.Add(Calls.ExpectMsg<CallMade>().Id);
        Assert.DoesNotContain("old", ids);
        Assert.InRange(ids.Count(id => id == "new"), 3, 4);
    }

    [Fact]
    public void OwedEffects_AfterRecovery_AreCarriedOutOnceAndThenRepeated()
    {
        var counter = Started();
        counter.Tell(new CounterCommand.Start("a"), TestActor);
        Calls.ExpectMsg<CallMade>();
        Kill(counter);
        var again = Started();
        Pass(TimeSpan.FromSeconds(0.9), again);
        Calls.ExpectMsg<CallMade>();
        Calls.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Pass(TimeSpan.FromSeconds(0.3), again);
        Calls.ExpectMsg<CallMade>();
    }
}
