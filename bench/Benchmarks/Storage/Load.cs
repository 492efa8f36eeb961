using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster.Sharding;

namespace ControlPlane.Benchmarks.Storage;

/// <summary>A closed loop: keeps a number of commands outstanding, and records how long each answer took.</summary>
internal sealed class Load : UntypedActor
{
    private readonly IActorRef _region;
    private readonly Func<int, (string Entity, TallyCommand Command)?> _next;
    private readonly TaskCompletionSource<LoadResult> _done;
    private readonly Queue<long> _sent = new();
    private readonly List<double> _milliseconds = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly int _outstanding;
    private int _count;

    public Load(IActorRef region, int outstanding, Func<int, (string Entity, TallyCommand Command)?> next, TaskCompletionSource<LoadResult> done)
    {
        _region = region;
        _outstanding = outstanding;
        _next = next;
        _done = done;
    }

    protected override void PreStart()
    {
        for (var i = 0; i < _outstanding; i++)
            SendNext();
    }

    protected override void OnReceive(object message)
    {
        if (message is not TallyReply)
        {
            _done.TrySetException(new InvalidOperationException($"Unexpected answer: {message}"));
            return;
        }

        // Answers of one entity come in order; over many entities this pairs them by age, which is right on average.
        _milliseconds.Add(Stopwatch.GetElapsedTime(_sent.Dequeue()).TotalMilliseconds);
        SendNext();
        if (_sent.Count == 0)
            Finish();
    }

    private void SendNext()
    {
        if (_next(_count) is not var (entity, command))
            return;
        _count++;
        _sent.Enqueue(Stopwatch.GetTimestamp());
        _region.Tell(new ShardingEnvelope(entity, command), Self);
    }

    private void Finish()
    {
        _milliseconds.Sort();
        _done.TrySetResult(new LoadResult(_count, Stopwatch.GetElapsedTime(_began), At(0.5), At(0.99)));
        Context.Stop(Self);
    }

    private double At(double share) => _milliseconds.Count == 0 ? 0 : _milliseconds[(int)(share * (_milliseconds.Count - 1))];
}

internal sealed record LoadResult(int Count, TimeSpan Took, double MedianMilliseconds, double P99Milliseconds)
{
    public double PerSecond => Count / Took.TotalSeconds;
}
