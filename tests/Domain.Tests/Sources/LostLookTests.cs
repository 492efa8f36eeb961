using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Tests.Sources;

/// <summary>Found by simulation: a queue whose news were lost on their way was never spoken of again while nothing changed there.</summary>
public sealed class LostLookTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 3, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Looked_NothingChangesForAMinute_IsToldAgain()
    {
        var told = 0;
        var state = WatcherState.Initial;
        void Send(WatcherCommand command, int second)
        {
            var decision = WatcherDecider.Decide(state, command, new Moment(Start.AddSeconds(second), 1));
            foreach (var @event in decision.Events)
                state = WatcherDecider.Apply(state, @event);
            told += decision.Effects.OfType<WatcherEffect.Tell>().Count();
        }

        Send(new WatcherCommand.Configure(new SourceSpec("s", "simulated", TimeSpan.FromSeconds(10)), [new QueueName("q")], 1), 0);
        for (var second = 10; second <= 300; second += 10)
            Send(new WatcherCommand.Looked([new QueueObservation(new QueueName("q"), Start.AddSeconds(second), 1, Start, [])]), second);

        Assert.InRange(told, 7, 12);
    }
}
