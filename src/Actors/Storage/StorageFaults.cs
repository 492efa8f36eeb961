using Microsoft.Data.Sqlite;
using Npgsql;

namespace ControlPlane.Actors.Storage;

internal static class StorageFaults
{
    private const int SqliteConstraint = 19;

    /// <summary>Whether the unique key (persistence id, sequence number) refused a row.</summary>
    public static bool IsFence(Exception? fault) => fault switch
    {
        SqliteException { SqliteErrorCode: SqliteConstraint } => true,
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } => true,
        AggregateException many => many.InnerExceptions.Any(IsFence),
        _ => fault?.InnerException is { } inner && IsFence(inner),
    };
}
