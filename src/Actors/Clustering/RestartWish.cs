namespace ControlPlane.Actors.Clustering;

/// <summary>
/// Whether this node ended by itself, because the others have removed it or it has removed itself, and is to start again as a new one. Thread safe; one per start.
/// </summary>
public sealed class RestartWish
{
    private volatile string? _reason;

    /// <summary>Why, for the log; null if it is not wished.</summary>
    public string? Reason => _reason;

    /// <summary>The first reason stays.</summary>
    public void Wish(string reason) => _reason ??= reason;
}
