using System.Text.Json.Serialization;
using Akka.Actor;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.Shell;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Actors.Sources;

/// <summary>What a scaler asks of the source of its queue, for one of its instances. Repeated until answered.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(StopFeeding), "stopFeeding")]
[JsonDerivedType(typeof(ReturnTasks), "returnTasks")]
public abstract record SourceRequest(QueueName Queue, InstanceId Instance)
{
    public sealed record StopFeeding(QueueName Queue, InstanceWorkers Workers) : SourceRequest(Queue, Workers.Machine.Instance);

    public sealed record ReturnTasks(QueueName Queue, InstanceWorkers Workers, RequeueRules Rules, string Because) : SourceRequest(Queue, Workers.Machine.Instance);
}

/// <summary>Runs the watcher of one source, and is the one place that talks with it.</summary>
public sealed class WatcherActor : DeciderActor<WatcherDecider, WatcherState, WatcherCommand, WatcherEvent, WatcherEffect>
{
    private const int MostRequests = 64;

    private readonly string _source;
    private readonly Regions _regions;
    private readonly Connections _connections;
    private readonly HashSet<SourceRequest> _underWay = [];
    private readonly CallScope _calls;
    private ICancelable? _reminder;

    public WatcherActor(string source, ShellContext shell, Regions regions, Connections connections, CallOptions options)
        : base($"source-{source}", shell)
    {
        _source = source;
        _regions = regions;
        _connections = connections;
        _calls = new CallScope("source", source, options.SourceTimeout, shell.Time);
    }

    protected override WatcherCommand Tick { get; } = new WatcherCommand.Tick();

    protected override object? ToSnapshot(WatcherState state) => null;

    protected override void Carry(WatcherEffect effect, IActorRef replyTo)
    {
        switch (effect)
        {
            case WatcherEffect.Look e:
                LookAsync(e.Queues).PipeTo(Self);
                break;
            case WatcherEffect.Tell e:
                _regions.Tell(e.Observation.Queue, new ScalerCommand.Observe(e.Observation), Self);
                break;
            case WatcherEffect.Acknowledge e:
                replyTo.Tell(new CatalogCommand.Heard(EntityKind.Watcher, _source, e.Revision), Self);
                break;
        }
    }

    protected override void WakeElsewhere() => _regions.TellWatcher(_source, WakeEntity.Instance, Self);

    protected override void OnOther(object message)
    {
        switch (message)
        {
            case SourceRequest request:
                // What does not fit now, or is under way, is asked again by whoever needs it.
                if (State.Spec is not null && _underWay.Count < MostRequests && _underWay.Add(request))
                    RequestAsync(request).PipeTo(Self);
                break;
            case Answered answered:
                _underWay.Remove(answered.Request);
                if (answered.Command is { } command)
                    _regions.Tell(answered.Request.Queue, new ScalerCommand.ForInstance(answered.Request.Instance, command), Self);
                break;
            case Reminder:
                Remind();
                break;
            case WatcherQuery:
                Answer(state => new WatcherView(_source, state.Spec, state.LookedAt, state.Failures, state.Fault, state.NextLookAt, [.. state.Missing]));
                break;
            default:
                base.OnOther(message);
                break;
        }
    }

    protected override void PreStart()
    {
        base.PreStart();
        _reminder = Reminder.Every(Context.System, Self);
    }

    protected override void PostStop()
    {
        _reminder?.Cancel();
        _calls.Dispose();
        base.PostStop();
    }

    /// <summary>What concerns it is not remembered over a restart: it says that it is awake until it was told.</summary>
    private void Remind()
    {
        if (State.Spec is null)
            _regions.Tell(new CatalogCommand.Woke(EntityKind.Watcher, _source), Self);
        else
            _reminder?.Cancel();
    }

    private async Task<WatcherCommand> LookAsync(IReadOnlyCollection<QueueName> queues)
    {
        var spec = State.Spec;
        try
        {
            return new WatcherCommand.Looked(await CallAsync("observe", spec, (source, cancel) => source.ObserveAsync(queues, cancel)).ConfigureAwait(false));
        }
        catch (Exception fault)
        {
            return new WatcherCommand.LookFailed(fault.Message);
        }
    }

    private async Task<Answered> RequestAsync(SourceRequest request)
    {
        var spec = State.Spec;
        try
        {
            return request switch
            {
                SourceRequest.StopFeeding r => new Answered(
                    r,
                    new InstanceCommand.FeedingStopped(await CallAsync("stopFeeding", spec, (s, c) => s.StopFeedingAsync(r.Queue, r.Workers, c)).ConfigureAwait(false))),
                SourceRequest.ReturnTasks r => new Answered(
                    r,
                    new InstanceCommand.TasksReturned(await CallAsync("requeue", spec, (s, c) => s.RequeueAsync(r.Queue, r.Workers, r.Rules, r.Because, c)).ConfigureAwait(false))),
                _ => new Answered(request, null),
            };
        }
        catch (Exception)
        {
            // Counted by the metric; the scaler still owes the request and repeats it with back-off.
            return new Answered(request, null);
        }
    }

    private sealed record Answered(SourceRequest Request, InstanceCommand? Command) : INoSerializationVerificationNeeded;

    private Task<T> CallAsync<T>(string call, SourceSpec? spec, Func<IQueueSource, CancellationToken, Task<T>> body) =>
        _calls.RunAsync(call, cancel => body(_connections.Source(spec ?? throw new InvalidOperationException($"Source {_source} is not configured.")), cancel));
}

/// <summary>Asks a watcher how it is.</summary>
public sealed record WatcherQuery;

/// <summary>A watcher as it is now.</summary>
public sealed record WatcherView(
    string Source, SourceSpec? Spec, DateTimeOffset? LookedAt, int Failures, string? Fault, DateTimeOffset NextLookAt, IReadOnlyList<QueueName> Missing);
