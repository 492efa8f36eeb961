namespace ControlPlane.Worker;

/// <summary>Pauses on the given clock, varied so that many workers do not ask at the same moments.</summary>
internal sealed class Pacing(TimeProvider time, WorkerOptions options)
{
    /// <summary>Waits for about <paramref name="pause"/>, a third more or less. Returns early, without throwing, when <paramref name="stop"/> is set.</summary>
    public Task WaitAsync(TimeSpan pause, CancellationToken stop) => WaitExactlyAsync(Vary(pause), stop);

    /// <summary>Waits for just <paramref name="pause"/>, or until <paramref name="stop"/> is set, without throwing.</summary>
    public async Task WaitExactlyAsync(TimeSpan pause, CancellationToken stop)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = time.CreateTimer(_ => done.TrySetResult(), null, pause, Timeout.InfiniteTimeSpan);
        await using var stopping = stop.Register(() => done.TrySetResult());
        await done.Task;
    }

    /// <summary>The pause before the next try after <paramref name="failures"/> failures in a row.</summary>
    public TimeSpan Backoff(int failures)
    {
        var pause = options.RetryMinimum * Math.Pow(2, Math.Clamp(failures - 1, 0, 20));
        return pause < options.RetryMaximum ? pause : options.RetryMaximum;
    }

    private static TimeSpan Vary(TimeSpan pause) => pause * ((2 + (2 * Random.Shared.NextDouble())) / 3);
}
