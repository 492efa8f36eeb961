using Microsoft.Extensions.Logging;

namespace ControlPlane.Actors.Shell;

internal static partial class ShellLog
{
    [LoggerMessage(2001, LogLevel.Debug, "{Entity} recovered {Events} events and owes {Owed} effects")]
    public static partial void Recovered(ILogger log, string entity, long events, int owed);

    [LoggerMessage(2002, LogLevel.Error, "{Entity} could not be recovered, at {Message}; it is started again later")]
    public static partial void RecoveryFailed(ILogger log, Exception cause, string entity, string message);

    [LoggerMessage(2003, LogLevel.Error, "{Entity} could not write {Event}; {Decisions} decisions are not released, and it is started again from the journal")]
    public static partial void WriteFailed(ILogger log, Exception cause, string entity, string @event, int decisions);

    [LoggerMessage(2004, LogLevel.Warning, "{Entity} could not save a snapshot; its next start takes longer")]
    public static partial void SnapshotFailed(ILogger log, Exception cause, string entity);

    [LoggerMessage(2005, LogLevel.Warning, "{Entity} could not delete old snapshots")]
    public static partial void OldSnapshotsKept(ILogger log, Exception cause, string entity);

    [LoggerMessage(2006, LogLevel.Debug, "{Entity} carries out {Count} effects again that it still owes")]
    public static partial void Repeating(ILogger log, string entity, int count);
}
