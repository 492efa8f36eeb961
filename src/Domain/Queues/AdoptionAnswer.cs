using ControlPlane.Domain.Instances;

namespace ControlPlane.Domain.Queues;

/// <summary>What becomes of the request to take over machines.</summary>
/// <param name="Refusal">Why nothing at all can be taken over now; null if it can.</param>
/// <param name="Choices">Each machine that was asked about.</param>
public sealed record AdoptionAnswer(string? Refusal, IReadOnlyList<AdoptionChoice> Choices);

/// <summary>A machine that another autoscaler started.</summary>
/// <param name="NativeId">The platform's id of it.</param>
/// <param name="Worker">The name of a worker on it.</param>
/// <param name="Busy">Its workers have a task.</param>
/// <param name="Pool">The pool that takes it; null if none can.</param>
/// <param name="Instance">The intent that takes it over; null if none does, or none yet.</param>
/// <param name="Refusal">Why it is not taken over; null if it is, or can be.</param>
public sealed record AdoptionChoice(string NativeId, string Worker, bool Busy, string? Pool, InstanceId? Instance, string? Refusal);
