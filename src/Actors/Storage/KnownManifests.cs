using ControlPlane.Actors.Serialization;
using Dapper;

namespace ControlPlane.Actors.Storage;

/// <summary>
/// The manifests that stand in the journal and among the snapshots. A program that does not know all of them must not run on it: it could not start the entities that
/// have such events, and would hold up what follows the journal.
/// </summary>
internal static class KnownManifests
{
    /// <summary>Notes one.</summary>
    public const string Insert = "INSERT INTO journal_manifest (manifest) VALUES ($1) ON CONFLICT DO NOTHING";

    private const string Select = "SELECT manifest FROM journal_manifest ORDER BY manifest";

    /// <returns>Those that stand there.</returns>
    /// <exception cref="InvalidOperationException">Something was written under a manifest that this program does not know.</exception>
    public static IReadOnlyList<string> Require(Database database, Manifests manifests)
    {
        using var connection = database.Open();
        var known = connection.Query<string>(Select).AsList();
        string[] unknown = [.. known.Where(m => !manifests.Reads(m))];
        if (unknown.Length > 0)
        {
            throw new InvalidOperationException(
                $"The journal holds what this program cannot read, such as '{unknown[0]}' ({unknown.Length} in all): it was written by a newer version. Run that version, or restore a backup made before the upgrade.");
        }

        return known;
    }
}
