namespace ControlPlane.Http;

/// <summary>The read model's times are ticks in UTC.</summary>
internal static class Times
{
    public static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);

    public static DateTimeOffset? At(long? ticks) => ticks is { } t ? At(t) : null;
}
