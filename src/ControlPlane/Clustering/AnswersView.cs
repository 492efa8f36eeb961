namespace ControlPlane.Clustering;

/// <summary>Which scalers answer.</summary>
/// <param name="Asked">One for each queue.</param>
/// <param name="Answered">That many answered in time.</param>
/// <param name="MedianSeconds">After which half of those that answered had; null if none did.</param>
/// <param name="P99Seconds">After which 99 of 100 had.</param>
/// <param name="SlowestSeconds">After which all had.</param>
/// <param name="Silent">Queues whose scalers did not answer, the first by name, 100 at most.</param>
public sealed record AnswersView(int Asked, int Answered, double? MedianSeconds, double? P99Seconds, double? SlowestSeconds, IReadOnlyList<string> Silent)
{
    private const int MaxNames = 100;

    internal static AnswersView From(IReadOnlyList<string> names, IReadOnlyList<TimeSpan?> answered)
    {
        double[] seconds = [.. answered.OfType<TimeSpan>().Select(a => Math.Round(a.TotalSeconds, 3)).Order()];
        double? At(double share) => seconds.Length == 0 ? null : seconds[(int)(share * (seconds.Length - 1))];
        return new AnswersView(names.Count, seconds.Length, At(0.5), At(0.99), At(1), [.. names.Where((_, i) => answered[i] is null).Take(MaxNames)]);
    }
}
