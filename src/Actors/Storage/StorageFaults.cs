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

    /// <summary>Whether the database refused what was written, as it would again, and not the connection: of a group, then, one member is the cause.</summary>
    public static bool IsOfTheRow(Exception fault) => fault is PostgresException { SqlState: ['2', '2' or '3', ..] };
}
