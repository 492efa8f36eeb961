namespace ControlPlane.Http;

/// <summary>Waiting on the clock that is given.</summary>
internal static class Delays
{
    /// <summary>Ends after the time, or when it is cancelled.</summary>
    public static async Task DelayAsync(this TimeProvider time, TimeSpan duration, CancellationToken cancel)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = time.CreateTimer(_ => done.TrySetResult(), null, duration, Timeout.InfiniteTimeSpan);
        await using var registration = cancel.Register(() => done.TrySetResult());
        await done.Task.ConfigureAwait(false);
    }
}
