using System.Text.Json.Serialization;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Providers;

/// <summary>What the gateway of one provider is asked or told.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Configure), "configure")]
[JsonDerivedType(typeof(Retire), "retire")]
[JsonDerivedType(typeof(Launch), "launch")]
[JsonDerivedType(typeof(Acknowledge), "acknowledge")]
[JsonDerivedType(typeof(Terminate), "terminate")]
[JsonDerivedType(typeof(Disown), "disown")]
[JsonDerivedType(typeof(ReadConsole), "readConsole")]
[JsonDerivedType(typeof(LaunchAnswered), "launchAnswered")]
[JsonDerivedType(typeof(TerminateAnswered), "terminateAnswered")]
[JsonDerivedType(typeof(SweepAnswered), "sweepAnswered")]
[JsonDerivedType(typeof(ConsoleAnswered), "consoleAnswered")]
[JsonDerivedType(typeof(Tick), "tick")]
public abstract record GatewayCommand
{
    private GatewayCommand()
    {
    }

    /// <summary>The provider as it is declared, and the queues whose pools use it: they are told of its machines after a restart.</summary>
    public sealed record Configure(ProviderSpec Spec, IReadOnlyList<QueueName> Queues, long Revision) : GatewayCommand;

    /// <summary>The provider is no longer declared: go on until nothing of ours is left there. Repeated until the gateway has said so.</summary>
    public sealed record Retire(ProviderSpec Spec, long Revision) : GatewayCommand;

    /// <summary>Launch an instance. Repeated until answered.</summary>
    public sealed record Launch(LaunchIntent Intent, int Attempt, Offer Offer, PoolSpec Pool) : GatewayCommand;

    /// <summary>The instance has recorded the answer of an attempt: the gateway may forget it.</summary>
    public sealed record Acknowledge(InstanceId Instance, int Attempt) : GatewayCommand;

    /// <summary>End an instance. Repeated until it is seen to have ended.</summary>
    public sealed record Terminate(InstanceRef Instance) : GatewayCommand;

    /// <summary>A scaler does not know this machine of its queue.</summary>
    public sealed record Disown(InstanceRef Instance) : GatewayCommand;

    /// <summary>Tell an instance what stands on its console. Repeated while its machine may be there; it may stay without an answer.</summary>
    public sealed record ReadConsole(InstanceRef Instance, QueueName Queue) : GatewayCommand;

    /// <summary>The provider's answer to a batch.</summary>
    public sealed record LaunchAnswered(string Token, IReadOnlyList<LaunchOutcome> Outcomes) : GatewayCommand;

    /// <summary>The provider's answer to a termination.</summary>
    public sealed record TerminateAnswered(IReadOnlyList<TerminateOutcome> Outcomes) : GatewayCommand;

    /// <summary>The provider's answer to a sweep.</summary>
    public sealed record SweepAnswered(SweepOutcome Outcome) : GatewayCommand;

    /// <summary>The provider's answer to the reading of a console.</summary>
    /// <param name="Instance">Whose.</param>
    /// <param name="Read">False: it could not be read.</param>
    /// <param name="Text">The end of it; null if nothing stands there, or it was not read.</param>
    public sealed record ConsoleAnswered(InstanceId Instance, bool Read, string? Text) : GatewayCommand;

    /// <summary>Time has passed.</summary>
    public sealed record Tick : GatewayCommand;
}
