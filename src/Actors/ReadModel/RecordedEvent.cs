namespace ControlPlane.Actors.ReadModel;

/// <summary>One event of the journal, in the order of all events of all entities.</summary>
/// <param name="Ordering">Its number in the whole journal.</param>
/// <param name="PersistenceId">Whose event it is.</param>
/// <param name="SequenceNr">Its number in that entity's stream.</param>
/// <param name="At">When it was written.</param>
/// <param name="Manifest">The name under which it is stored.</param>
/// <param name="Event">What it means today; old versions are upgraded.</param>
public sealed record RecordedEvent(long Ordering, string PersistenceId, long SequenceNr, DateTimeOffset At, string Manifest, object Event);
