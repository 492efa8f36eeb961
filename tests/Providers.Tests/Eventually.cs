namespace ControlPlane.Providers.Tests;

/// <summary>Waits for something that another process does. Only for tests of real processes and platforms.</summary>
internal static class Eventually
{
    private static readonly TimeSpan _pace = TimeSpan.FromMilliseconds(50);

    /// <summary>The first answer that is not null.</summary>
    /// <exception cref="TimeoutException">There was none in time.</exception>
    public static async Task<T> SeeAsync<T>(Func<Task<T?>> look, TimeSpan patience, string what)
        where T : class
    {
        using var deadline = new CancellationTokenSource(patience);
        using var timer = new PeriodicTimer(_pace);
        while (!deadline.IsCancellationRequested)
        {
            if (await look() is { } seen)
                return seen;
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        throw new TimeoutException($"Not seen within {patience}: {what}");
    }
}
