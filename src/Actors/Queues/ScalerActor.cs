using System.Diagnostics.Metrics;
using Akka.Actor;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Sources;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;
using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Queues;

/// <summary>Runs the scaler of one queue with all its instances. What an instance does is carried out here too: docs/decisions/0005 says why.</summary>
public sealed partial class ScalerActor : DeciderActor<ScalerDecider, ScalerState, ScalerCommand, ScalerEvent, ScalerEffect>
{
    private static readonly Counter<long> Warnings = new Meter("ControlPlane").CreateCounter<long>("controlplane.queue.warnings", description: "Warnings about a queue's instances, such as one task on two of them");

    private readonly ILogger _log;
    private readonly QueueName _queue;
    private readonly Regions _regions;
    private readonly IPolicyRunner _policies;

    public ScalerActor(string queue, ShellContext shell, Regions regions, IPolicyRunner policies)
        : base($"queue-{queue}", shell)
    {
        _queue = new QueueName(queue);
        _log = shell.Loggers.CreateLogger<ScalerActor>();
        _regions = regions;
        _policies = policies;
    }

    protected override ScalerCommand Tick { get; } = new ScalerCommand.Tick();

    protected override void Carry(ScalerEffect effect, IActorRef replyTo)
    {
        switch (effect)
        {
            case ScalerEffect.OfInstance e:
                Carry(e.Instance, e.Effect);
                break;
            case ScalerEffect.LookAgain e:
                _regions.TellWatcher(e.Source, new WatcherCommand.LookAgain(_queue), Self);
                break;
            case ScalerEffect.AskPolicy e:
                AskPolicy(e).PipeTo(Self);
                break;
            case ScalerEffect.Disown e:
                _regions.TellGateway(e.Provider, new GatewayCommand.Disown(e.Machine), Self);
                break;
            case ScalerEffect.TellGone e:
                _regions.Tell(new CatalogCommand.QueueGone(_queue, e.Revision), Self);
                break;
            case ScalerEffect.Acknowledge e:
                replyTo.Tell(new CatalogCommand.Heard(EntityKind.Scaler, _queue.Value, e.Revision), Self);
                break;
            case ScalerEffect.Warn e:
                Warnings.Add(1, new KeyValuePair<string, object?>("queue", _queue.Value));
                Warned(_log, _queue.Value, e.Sentence);
                break;
            case ScalerEffect.AnswerAdoption e:
                replyTo.Tell(e.Answer, Self);
                break;
            case ScalerEffect.AnswerGuest e:
                replyTo.Tell(e.Answer, Self);
                break;
            case ScalerEffect.Reply e:
                replyTo.Tell(new ScalerReply(e.Refusal), Self);
                break;
        }
    }

    protected override void WakeElsewhere() => _regions.Tell(_queue, WakeEntity.Instance, Self);

    protected override void OnOther(object message)
    {
        switch (message)
        {
            case ScalerQuery:
                Answer(state => ScalerView.From(_queue, state, Now));
                break;
            case AdoptionQuery adoption:
                Answer(state => AdoptionRules.Candidates(state, adoption.Machines));
                break;
            case GuestQuery guest:
                Answer(state => new GuestStanding(GuestRules.Knows(state, guest.Launch, guest.NativeId)));
                break;
            default:
                base.OnOther(message);
                break;
        }
    }

    private void Carry(InstanceId instance, InstanceEffect effect)
    {
        switch (effect)
        {
            case InstanceEffect.AskLedger e:
                _regions.Tell(e.Ledger, e.Command, Self);
                break;
            case InstanceEffect.AskGateway e:
                _regions.TellGateway(e.Provider, e.Command, Self);
                break;
            case InstanceEffect.StopFeeding e:
                _regions.TellWatcher(e.Source, new SourceRequest.StopFeeding(_queue, Workers(instance)), Self);
                break;
            case InstanceEffect.LookAgain e:
                _regions.TellWatcher(e.Source, new WatcherCommand.LookAgain(_queue), Self);
                break;
            case InstanceEffect.ReturnTasks e:
                _regions.TellWatcher(e.Source, new SourceRequest.ReturnTasks(_queue, Workers(instance), State.Spec?.Requeue ?? RequeueRules.Default, e.Because), Self);
                break;
        }
    }

    [LoggerMessage(2101, LogLevel.Warning, "Queue {Queue}: {Sentence}")]
    private static partial void Warned(ILogger log, string queue, string sentence);

    /// <summary>The state is that after the decision that owes the effect: it still has the instance.</summary>
    private InstanceWorkers Workers(InstanceId instance)
    {
        var known = State.Instances.GetValueOrDefault(instance);
        return new InstanceWorkers(new InstanceRef(instance, known?.NativeId), known?.Pool.Name ?? "");
    }

    private async Task<ScalerCommand.PolicyAnswered> AskPolicy(ScalerEffect.AskPolicy question)
    {
        try
        {
            var answer = await _policies.AskAsync(question.TypeName, question.Situation, CancellationToken.None).ConfigureAwait(false);
            return new ScalerCommand.PolicyAnswered(question.AsOf, answer.Advice, answer.Failure);
        }
        catch (Exception fault)
        {
            // Whatever goes wrong around a foreign class is an answer too: the queue keeps what it has.
            return new ScalerCommand.PolicyAnswered(question.AsOf, null, fault.Message);
        }
    }
}

/// <summary>The answer to an operator's request.</summary>
/// <param name="Refusal">Why nothing was done; null if it was done.</param>
public sealed record ScalerReply(string? Refusal);

/// <summary>Asks a scaler what would become of machines that another autoscaler started, if they were taken over now.</summary>
public sealed record AdoptionQuery(IReadOnlyList<string> Machines);

/// <summary>Asks a scaler whether a machine of a launch is still an instance of its queue.</summary>
public sealed record GuestQuery(IReadOnlyList<InstanceId> Launch, string NativeId);

/// <summary>Whether it is.</summary>
public sealed record GuestStanding(bool Known);

/// <summary>Asks a scaler for its queue as it is now.</summary>
public sealed record ScalerQuery;
