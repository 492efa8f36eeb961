using System.Text.Json.Serialization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Instances;

/// <summary>What an instance is told. Each may come twice, late or in another order.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(LeaseAnswered), "leaseAnswered")]
[JsonDerivedType(typeof(LaunchAnswered), "launchAnswered")]
[JsonDerivedType(typeof(MachineSeen), "machineSeen")]
[JsonDerivedType(typeof(MachineAbsent), "machineAbsent")]
[JsonDerivedType(typeof(WorkersSeen), "workersSeen")]
[JsonDerivedType(typeof(Drain), "drain")]
[JsonDerivedType(typeof(Terminate), "terminate")]
[JsonDerivedType(typeof(FeedingStopped), "feedingStopped")]
[JsonDerivedType(typeof(ConsoleRead), "consoleRead")]
[JsonDerivedType(typeof(TasksReturned), "tasksReturned")]
[JsonDerivedType(typeof(Tick), "tick")]
public abstract record InstanceCommand
{
    private InstanceCommand()
    {
    }

    /// <summary>Its ledger's word.</summary>
    public sealed record LeaseAnswered(LeaseAnswer Answer) : InstanceCommand;

    /// <summary>Its provider's definite word about an attempt.</summary>
    public sealed record LaunchAnswered(int Attempt, LaunchOutcome Outcome) : InstanceCommand;

    /// <summary>A sweep shows its machine.</summary>
    /// <param name="Machine">As it is shown.</param>
    /// <param name="AsOf">When the sweep began; null: not told.</param>
    /// <param name="AtNotice">Its queue wants tasks back at the notice of an interruption.</param>
    public sealed record MachineSeen(
        Machine Machine,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? AsOf = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AtNotice = false) : InstanceCommand;

    /// <summary>A complete sweep does not show its machine.</summary>
    /// <param name="AsOf">When the sweep began.</param>
    /// <param name="ConsistencyWindow">How long a machine may be missing although it exists.</param>
    public sealed record MachineAbsent(DateTimeOffset AsOf, TimeSpan ConsistencyWindow) : InstanceCommand;

    /// <summary>The workers of this instance in a successful look at the source; none if it has none registered.</summary>
    public sealed record WorkersSeen(IReadOnlyList<WorkerObservation> Workers, DateTimeOffset AsOf) : InstanceCommand;

    /// <summary>Let it finish its tasks and leave. Before it runs: cancel it.</summary>
    public sealed record Drain(Outcome Outcome, string Because) : InstanceCommand;

    /// <summary>End it now, whatever it does.</summary>
    public sealed record Terminate(Outcome Outcome, string Because) : InstanceCommand;

    /// <summary>The source's answer to the wish that it be given no more tasks.</summary>
    public sealed record FeedingStopped(bool Supported) : InstanceCommand;

    /// <summary>Its provider's answer to what stands on its console.</summary>
    /// <param name="Text">The end of it; null if nothing stands there.</param>
    public sealed record ConsoleRead(string? Text) : InstanceCommand;

    /// <summary>The source's word about the tasks that it left.</summary>
    public sealed record TasksReturned(RequeueResult Result) : InstanceCommand;

    /// <summary>Time has passed.</summary>
    public sealed record Tick : InstanceCommand;
}

/// <summary>What an instance does.</summary>
public abstract record InstanceEffect
{
    private InstanceEffect()
    {
    }

    public sealed record AskLedger(BudgetName Ledger, LedgerCommand Command) : InstanceEffect;

    public sealed record AskGateway(string Provider, GatewayCommand Command) : InstanceEffect;

    /// <summary>Ask the source to give its workers no more tasks.</summary>
    public sealed record StopFeeding(string Source) : InstanceEffect;

    /// <summary>Ask for the next looks at the queue even if nothing changes: an idle look is needed.</summary>
    public sealed record LookAgain(string Source) : InstanceEffect;

    /// <summary>Put its tasks back into the queue.</summary>
    public sealed record ReturnTasks(string Source, string Because) : InstanceEffect;
}
