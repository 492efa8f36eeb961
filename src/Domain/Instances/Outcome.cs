namespace ControlPlane.Domain.Instances;

/// <summary>Why an instance ended.</summary>
public enum Outcome
{
    /// <summary>It had nothing to do for longer than the queue's maximum idle time.</summary>
    Idle,

    /// <summary>Its budget ran dry.</summary>
    Budget,

    /// <summary>The policy or the configuration no longer wants it (demand fell before it was launched, its queue or pool was removed).</summary>
    Policy,

    /// <summary>Its worker did not register within the pool's maximum boot time.</summary>
    StuckBooting,

    /// <summary>The provider took it back.</summary>
    Preempted,

    /// <summary>The provider no longer shows it, and nobody had asked for that.</summary>
    Vanished,

    /// <summary>The provider refused to launch it.</summary>
    LaunchFailed,

    /// <summary>An operator asked for it.</summary>
    Operator,
}
