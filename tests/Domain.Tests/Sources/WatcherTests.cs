using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Domain.Tests.Kit;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Sources;

public sealed class WatcherTests
{
    private static readonly QueueName Other = new("other");

    private readonly Subject<WatcherDecider, WatcherState, WatcherCommand, WatcherEvent, WatcherEffect> watcher = new();

    public WatcherTests() => watcher.Send(new WatcherCommand.Configure(new SourceSpec("embedded", "embedded", Seconds(5)), [Queue, Other], 1));

    [Fact]
    public void Tick_Configured_LooksAtAllQueuesInOne()
    {
        var look = Assert.IsType<WatcherEffect.Look>(Assert.Single(watcher.Send(new WatcherCommand.Tick()).Effects));
        Assert.Equal([Other, Queue], look.Queues.Order());
        Assert.Null(watcher.Deadline);
        Assert.Empty(watcher.Send(new WatcherCommand.Tick()).Effects);
    }

    [Fact]
    public void Looked_NothingChanged_IsToldAFewTimesAndThenNotAnyMore()
    {
        Assert.Equal([2, 2, 2, 2, 0, 0], Enumerable.Range(0, 6).Select(_ => Look(1, 1)));
        Assert.Equal([1, 1, 1, 1, 0], Enumerable.Range(0, 5).Select(_ => Look(2, 1)));
    }

    [Fact]
    public void LookAgain_Unchanged_TellsTheNextLooksAtThePace()
    {
        for (var i = 0; i < 6; i++)
            Look(1, 1);
        var next = watcher.Deadline;
        watcher.Send(new WatcherCommand.LookAgain(Queue));
        Assert.Equal(next, watcher.Deadline);
        Assert.Equal([1, 1, 1, 0], Enumerable.Range(0, 4).Select(_ => Look(1, 1)));
    }

    [Fact]
    public void Looked_AWorkerFallsSilent_IsAChange()
    {
        var seen = watcher.Now;
        int Silent() => Send([new QueueObservation(Queue, watcher.Now, 0, null, [new WorkerObservation("w", null, [], seen, null)])]);
        for (var i = 0; i < 6; i++)
            Silent();
        watcher.After(Minutes(3));
        Assert.Equal(1, Silent());
    }

    [Fact]
    public void Looked_AQueueIsMissing_IsNamedAndNobodyIsToldThatItIsEmpty()
    {
        var told = Send([new QueueObservation(Queue, watcher.Now, 3, null, [])]);
        Assert.Equal(1, told);
        Assert.Equal([Other], watcher.State.Missing);
    }

    [Fact]
    public void LookFailed_Repeatedly_TellsNobodyAndLooksLaterAndLater()
    {
        var pause = TimeSpan.Zero;
        for (var i = 0; i < 4; i++)
        {
            watcher.TickUntilQuiet(new WatcherCommand.Tick());
            Assert.Empty(watcher.Send(new WatcherCommand.LookFailed("no route to host")).Effects);
            Assert.True(watcher.Deadline - watcher.Now > pause);
            pause = watcher.Deadline!.Value - watcher.Now;
            watcher.At(watcher.Deadline.Value);
        }

        Assert.Equal(("no route to host", 4), (watcher.State.Fault, watcher.State.Failures));
        for (var i = 0; i < 20; i++)
            watcher.Send(new WatcherCommand.LookFailed("no route to host"));
        Assert.True(watcher.Deadline - watcher.Now <= Seconds(75));
        Look(1, 1);
        Assert.Null(watcher.State.Fault);
        Assert.Equal(watcher.Now + Seconds(5), watcher.Deadline);
    }

    [Fact]
    public void Configure_QueueRemoved_IsNotLookedAtAnyMore()
    {
        Look(1, 1);
        watcher.Send(new WatcherCommand.Configure(new SourceSpec("embedded", "embedded", Seconds(5)), [Queue], 2));
        Assert.Equal([Queue], watcher.TickUntilQuiet(new WatcherCommand.Tick()).SelectMany(d => d.Effects).OfType<WatcherEffect.Look>().Single().Queues);
        watcher.Send(new WatcherCommand.Configure(new SourceSpec("embedded", "embedded", Seconds(5)), [], 3));
        Assert.Null(watcher.Deadline);
    }

    [Fact]
    public void RestPace_NothingMovesForAMinute_LooksAreRareUntilSomethingDoes()
    {
        watcher.Send(new WatcherCommand.Configure(new SourceSpec("embedded", "embedded", Seconds(5)) { RestPace = Seconds(30) }, [Queue, Other], 2));
        Look(0, 0);
        Assert.Equal(watcher.Now + Seconds(5), watcher.Deadline);
        for (var i = 0; i < 70; i++)
            Look(0, 0);
        Assert.Equal(watcher.Now + Seconds(30), watcher.Deadline);

        Look(1, 0);
        Assert.Equal(watcher.Now + Seconds(5), watcher.Deadline);
        for (var i = 0; i < 70; i++)
            Look(1, 0);
        Assert.Equal(watcher.Now + Seconds(5), watcher.Deadline);
    }

    [Fact]
    public void RestPace_AScalerAsks_TheNextLookComesAtThePaceAndNotAtOnce()
    {
        watcher.Send(new WatcherCommand.Configure(new SourceSpec("embedded", "embedded", Seconds(5)) { RestPace = Seconds(30) }, [Queue, Other], 2));
        for (var i = 0; i < 70; i++)
            Look(0, 0);
        var looked = watcher.Now;
        watcher.After(Seconds(1)).Send(new WatcherCommand.LookAgain(Queue));
        Assert.Equal(looked + Seconds(5), watcher.Deadline);
    }

    [Fact]
    public void Fault11_AQueueIsDeletedAtTheSource_TheOthersGoOn()
    {
        Look(1, 1);
        Assert.Equal(1, Send([new QueueObservation(Queue, watcher.Now, 5, null, [])]));
        Assert.Equal([Other], watcher.State.Missing);
        Assert.Null(watcher.State.Fault);
    }

    /// <summary>How many queues are told of a look.</summary>
    private int Look(int pending, int otherPending) =>
        Send([new QueueObservation(Queue, watcher.Now, pending, null, []), new QueueObservation(Other, watcher.Now, otherPending, null, [])]);

    private int Send(IReadOnlyList<QueueObservation> observations)
    {
        var decision = watcher.After(Seconds(1)).Send(new WatcherCommand.Looked(observations));
        Assert.All(decision.Events, e => Assert.IsAssignableFrom<ITransientEvent>(e));
        return decision.Effects.OfType<WatcherEffect.Tell>().Count();
    }
}
