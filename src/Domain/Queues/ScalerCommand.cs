using System.Text.Json.Serialization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Scaling;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Queues;

/// <summary>What the scaler of one queue is told or asked.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Configure), "configure")]
[JsonDerivedType(typeof(Retire), "retire")]
[JsonDerivedType(typeof(Observe), "observe")]
[JsonDerivedType(typeof(PolicyAnswered), "policyAnswered")]
[JsonDerivedType(typeof(Sweep), "sweep")]
[JsonDerivedType(typeof(ForInstance), "forInstance")]
[JsonDerivedType(typeof(Leave), "leave")]
[JsonDerivedType(typeof(DrainAll), "drainAll")]
[JsonDerivedType(typeof(ResetPool), "resetPool")]
[JsonDerivedType(typeof(AskBootstrap), "askBootstrap")]
[JsonDerivedType(typeof(Adopt), "adopt")]
[JsonDerivedType(typeof(Tick), "tick")]
public abstract record ScalerCommand
{
    private ScalerCommand()
    {
    }

    /// <summary>The queue as it is declared now. An older revision than the known one is ignored.</summary>
    public sealed record Configure(QueueSpec Spec, long Revision) : ScalerCommand;

    /// <summary>The queue is no longer declared. Repeated until the scaler has said that nothing is left.</summary>
    public sealed record Retire(long Revision) : ScalerCommand;

    /// <summary>A successful look at the queue.</summary>
    public sealed record Observe(QueueObservation Observation) : ScalerCommand;

    /// <summary>A plug-in policy's answer.</summary>
    /// <param name="AsOf">The look that it was asked about.</param>
    /// <param name="Advice">What it wants; null if it failed.</param>
    /// <param name="Failure">How it failed; null if it did not.</param>
    public sealed record PolicyAnswered(DateTimeOffset AsOf, ScalingAdvice? Advice, string? Failure) : ScalerCommand;

    /// <summary>What a provider shows of this queue's machines.</summary>
    /// <param name="Provider">Which provider.</param>
    /// <param name="AsOf">When the sweep began.</param>
    /// <param name="Complete">Whether a machine that it does not show is absent.</param>
    /// <param name="ConsistencyWindow">How long a machine may be missing although it exists.</param>
    /// <param name="Machines">The machines with this queue's tag.</param>
    public sealed record Sweep(string Provider, DateTimeOffset AsOf, bool Complete, TimeSpan ConsistencyWindow, IReadOnlyList<Machine> Machines) : ScalerCommand;

    /// <summary>Something for one instance.</summary>
    public sealed record ForInstance(InstanceId Instance, InstanceCommand Command) : ScalerCommand;

    /// <summary>An operator drains or ends one instance.</summary>
    public sealed record Leave(InstanceId Instance, bool AtOnce, string By) : ScalerCommand;

    /// <summary>An operator drains all instances of the queue; new ones come if there is demand, unless the queue is paused.</summary>
    public sealed record DrainAll(string By) : ScalerCommand;

    /// <summary>An operator closes the breaker of a pool and forgets its blackout.</summary>
    public sealed record ResetPool(string Pool, string By) : ScalerCommand;

    /// <summary>A machine asks for what makes it a worker; its ticket was found to be genuine.</summary>
    /// <param name="Launch">The intents of the launch that its ticket is of.</param>
    /// <param name="NativeId">Its id at its cloud, by its own word.</param>
    /// <param name="Claim">A digest of what only the process that asks knows: who asks again with the same is the same.</param>
    public sealed record AskBootstrap(IReadOnlyList<InstanceId> Launch, string NativeId, string Claim) : ScalerCommand;

    /// <summary>An operator lets the queue take over machines that another autoscaler started.</summary>
    /// <param name="Machines">The platform's ids of them; none: all that serve the queue and have a pool here.</param>
    /// <param name="By">Who asked.</param>
    public sealed record Adopt(IReadOnlyList<string> Machines, string By) : ScalerCommand;

    /// <summary>Time has passed.</summary>
    public sealed record Tick : ScalerCommand;
}

/// <summary>Facts of a queue's stream. Their names are the storage format; "event" is what an instance's own event stands under.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Configured), "configured")]
[JsonDerivedType(typeof(Retired), "retired")]
[JsonDerivedType(typeof(InstanceRequested), "instanceRequested")]
[JsonDerivedType(typeof(InstanceChanged), "instanceChanged")]
[JsonDerivedType(typeof(Decided), "decided")]
[JsonDerivedType(typeof(PoolFailed), "poolFailed")]
[JsonDerivedType(typeof(PoolRecovered), "poolRecovered")]
[JsonDerivedType(typeof(PoolExhausted), "poolExhausted")]
[JsonDerivedType(typeof(SpotExhausted), "spotExhausted")]
public abstract record ScalerEvent : IEvent
{
    private ScalerEvent()
    {
    }

    public sealed record Configured(QueueSpec Spec, long Revision, DateTimeOffset At) : ScalerEvent;

    public sealed record Retired(long Revision, DateTimeOffset At) : ScalerEvent;

    /// <summary>An intent: at most one machine will ever come of it. Budget, ledger and template are those of the last <see cref="Configured"/>.</summary>
    /// <param name="Instance">The new instance.</param>
    /// <param name="Pool">Of which pool.</param>
    /// <param name="At">When.</param>
    /// <param name="SkipSpot">It leaves the pool's spot offers out.</param>
    /// <param name="Adopts">The machine of somebody else that it takes over; null if it launches one.</param>
    public sealed record InstanceRequested(
        InstanceId Instance,
        string Pool,
        DateTimeOffset At,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool SkipSpot = false,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AdoptedMachine? Adopts = null) : ScalerEvent;

    public sealed record InstanceChanged(InstanceId Instance, InstanceEvent Event) : ScalerEvent;

    public sealed record Decided(DecisionRecord Decision) : ScalerEvent;

    public sealed record PoolFailed(string Pool, Breaker Breaker) : ScalerEvent;

    /// <summary>A worker of the pool registered, its template changed, or an operator reset it.</summary>
    public sealed record PoolRecovered(string Pool, string? By, DateTimeOffset At) : ScalerEvent;

    public sealed record PoolExhausted(string Pool, Blackout Blackout) : ScalerEvent;

    /// <summary>The tasks that are on more than one instance at once, as the last look shows them.</summary>
    public sealed record TasksDoubled(IReadOnlyList<string> Tasks) : ScalerEvent, ITransientEvent;

    /// <summary>An instance got no spot machine and took one on demand: the next instances leave spot out for a while.</summary>
    public sealed record SpotExhausted(string Pool, Blackout Blackout) : ScalerEvent;

    /// <summary>A look at the queue was taken into account.</summary>
    public sealed record Observed(QueueObservation Observation) : ScalerEvent, ITransientEvent;

    /// <summary>Deadlines up to here were dealt with.</summary>
    public sealed record Evaluated(DateTimeOffset At) : ScalerEvent, ITransientEvent;

    /// <summary>When the policy's answer changes by the passing of time alone; null if it does not.</summary>
    public sealed record ReconsiderationSet(DateTimeOffset? At) : ScalerEvent, ITransientEvent;

    /// <summary>Something changed that only a look which begins later can show: it is asked for until it comes.</summary>
    public sealed record LookWanted(DateTimeOffset At) : ScalerEvent, ITransientEvent;

    /// <summary>A newer revision declared the same: an older one that comes late must not undo it.</summary>
    public sealed record RevisionSeen(long Revision) : ScalerEvent, ITransientEvent;

    /// <summary>A plug-in policy was asked about a look, or has answered.</summary>
    public sealed record PolicyAsked(DateTimeOffset? AsOf) : ScalerEvent, ITransientEvent;

    /// <summary>A transient event of an instance.</summary>
    public sealed record InstanceNoticed(InstanceId Instance, InstanceEvent Event) : ScalerEvent, ITransientEvent;
}

/// <summary>What a scaler does.</summary>
public abstract record ScalerEffect
{
    private ScalerEffect()
    {
    }

    /// <summary>Something that one of its instances does.</summary>
    public sealed record OfInstance(InstanceId Instance, InstanceEffect Effect) : ScalerEffect;

    /// <summary>Ask a plug-in policy; its answer comes as <see cref="ScalerCommand.PolicyAnswered"/>.</summary>
    public sealed record AskPolicy(string TypeName, Situation Situation, DateTimeOffset AsOf) : ScalerEffect;

    /// <summary>Ask the watcher for the next looks at this queue even if nothing changes.</summary>
    public sealed record LookAgain(string Source) : ScalerEffect;

    /// <summary>A machine with this queue's tag that nobody here knows.</summary>
    public sealed record Disown(string Provider, InstanceRef Machine) : ScalerEffect;

    /// <summary>Tell the catalog that the removed queue has nothing left.</summary>
    /// <param name="Revision">That of the removal.</param>
    public sealed record TellGone(long Revision) : ScalerEffect;

    /// <summary>Tell the catalog that this revision was heard.</summary>
    public sealed record Acknowledge(long Revision) : ScalerEffect;

    /// <summary>Write a warning to the log, and count it.</summary>
    public sealed record Warn(string Sentence) : ScalerEffect;

    /// <summary>Answer whoever wants machines taken over.</summary>
    public sealed record AnswerAdoption(AdoptionAnswer Answer) : ScalerEffect;

    /// <summary>Answer the machine that asked.</summary>
    public sealed record AnswerGuest(GuestAnswer Answer) : ScalerEffect;

    /// <summary>Answer whoever sent the command.</summary>
    /// <param name="Refusal">Why nothing was done; null if it was done.</param>
    public sealed record Reply(string? Refusal) : ScalerEffect;
}
