using Akka.Actor;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Shell;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Actors.Catalog;

/// <summary>Tells entities what the catalog, its parent, has for them, at the pace at which they answer; the parent gets the answers.</summary>
internal sealed class TellerActor : UntypedActor
{
    /// <summary>
    /// Far fewer than a node recovers at a time (<see cref="Storage.StorageOptions.MaxConcurrentRecoveries"/>), so that what a user asks for meanwhile need not wait for its
    /// turn, and enough for the database to read many at once: docs/performance.md, handing over.
    /// </summary>
    internal const int Places = 48;

    /// <summary>An entity that is read in good order answers in some milliseconds.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ShellContext _shell;
    private readonly Regions _regions;
    private readonly long _began;
    private readonly TellingLine _line = new(Places, Patience);
    private ICancelable? _timer;

    public TellerActor(ShellContext shell, Regions regions)
    {
        _shell = shell;
        _regions = regions;
        _began = shell.Time.GetTimestamp();
    }

    private sealed record Silence : INoSerializationVerificationNeeded
    {
        public static Silence Instance { get; } = new();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Telling telling:
                _line.Add(telling);
                break;
            case CatalogCommand.Heard heard:
                _line.Heard(heard.Kind, heard.Name);
                Context.Parent.Forward(heard);
                break;
            case Silence:
                _timer = null;
                break;
            default:
                Context.Parent.Forward(message);
                return;
        }

        var now = _shell.Time.GetElapsedTime(_began);
        foreach (var telling in _line.Next(now))
            _regions.Tell(telling.Kind, telling.Name, telling.Message, Self);
        if (_timer is null && _line.Due is { } due)
            _timer = Context.System.Scheduler.ScheduleTellOnceCancelable(due > now ? due - now : TimeSpan.Zero, Self, Silence.Instance, Self);
    }

    protected override void PostStop() => _timer?.Cancel();
}
