using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster.Sharding;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Benchmarks.Budgets;

/// <summary>A measurement to make.</summary>
/// <param name="Ledger">The root of a fresh tree; its leaf pays.</param>
/// <param name="Leaf">The budget that pays.</param>
/// <param name="Outstanding">Requests that are kept unanswered.</param>
/// <param name="Settle">Whether each lease is settled as soon as it was granted.</param>
/// <param name="For">How long.</param>
/// <param name="Done">Hears the result.</param>
internal sealed record LedgerRun(BudgetName Ledger, BudgetName Leaf, int Outstanding, bool Settle, TimeSpan For, TaskCompletionSource<LedgerFigures> Done);

internal sealed record LedgerFigures(double GrantsPerSecond, double MedianMilliseconds, double P99Milliseconds);

/// <summary>Stands where the scalers stand: asks the ledger for leases in a closed loop, and hears its answers.</summary>
internal sealed class LedgerLoad(IActorRef ledgers) : UntypedActor
{
    private readonly Dictionary<InstanceId, long> _asked = [];
    private readonly List<double> _milliseconds = [];
    private LedgerRun? _run;
    private long _began;
    private int _open;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LedgerRun run:
                Start(run);
                break;
            case ShardingEnvelope { Message: ScalerCommand.ForInstance { Command: InstanceCommand.LeaseAnswered answered } of }:
                Answered(of.Instance, answered.Answer);
                break;
            default:
                _run?.Done.TrySetException(new InvalidOperationException($"Unexpected answer: {message}"));
                break;
        }
    }

    private void Start(LedgerRun run)
    {
        _run = run;
        _asked.Clear();
        _milliseconds.Clear();
        _open = 0;
        _began = Stopwatch.GetTimestamp();
        for (var i = 0; i < run.Outstanding; i++)
            Reserve(run);
    }

    private void Answered(InstanceId instance, LeaseAnswer answer)
    {
        if (_run is not { } run)
            return;
        switch (answer)
        {
            case LeaseAnswer.Granted when _asked.Remove(instance, out var asked):
                _milliseconds.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                if (run.Settle)
                {
                    var now = DateTimeOffset.UtcNow;
                    Tell(run, new LedgerCommand.Settle(instance, LedgerNode.Queue, now, now + TimeSpan.FromMinutes(1), LedgerNode.Rate));
                    return;
                }

                break;
            case LeaseAnswer.Settled:
                break;
            default:
                run.Done.TrySetException(new InvalidOperationException($"Unexpected answer: {answer}"));
                return;
        }

        _open--;
        if (Stopwatch.GetElapsedTime(_began) < run.For)
            Reserve(run);
        else if (_open == 0)
            Finish(run);
    }

    private void Reserve(LedgerRun run)
    {
        var request = LedgerNode.Request(run.Leaf, DateTimeOffset.UtcNow);
        _asked.Add(request.Lease, Stopwatch.GetTimestamp());
        _open++;
        Tell(run, new LedgerCommand.Reserve(request));
    }

    private void Tell(LedgerRun run, LedgerCommand command) => ledgers.Tell(new ShardingEnvelope(run.Ledger.Value, command), Self);

    private void Finish(LedgerRun run)
    {
        var seconds = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        _milliseconds.Sort();
        _run = null;
        run.Done.TrySetResult(new LedgerFigures(_milliseconds.Count / seconds, At(0.5), At(0.99)));
    }

    private double At(double share) => _milliseconds[(int)(share * (_milliseconds.Count - 1))];
}
