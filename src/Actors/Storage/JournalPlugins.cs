namespace ControlPlane.Actors.Storage;

/// <summary>
/// The ids of the journal plugins. The ledger has one of its own, so that neither a write of another entity that fails nor the circuit breaker that counts
/// such failures can reach it.
/// </summary>
public static class JournalPlugins
{
    public const string Entities = "akka.persistence.journal.entities";

    /// <summary>Set by the ledger's shell: <c>JournalPluginId = JournalPlugins.Ledger</c>.</summary>
    public const string Ledger = "akka.persistence.journal.ledger";

    public const string Snapshots = "akka.persistence.snapshot-store.entities";
}
