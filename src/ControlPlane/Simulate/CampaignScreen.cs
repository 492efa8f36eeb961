using System.Globalization;
using ControlPlane.Domain.Deciding;
using ControlPlane.Simulation.Faults;

namespace ControlPlane.Simulate;

/// <summary>Shows how far a campaign is: a bar that is drawn anew on a terminal, else a line now and then.</summary>
internal sealed class CampaignScreen(TextWriter output, bool isTerminal, FaultPlan plan, TimeProvider time)
{
    private const int Width = 28;

    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan NextLine = TimeSpan.FromSeconds(30);

    private readonly long _started = time.GetTimestamp();
    private TimeSpan _shown;
    private bool _drawn;

    /// <summary>Called after each seed.</summary>
    public void Show(CampaignProgress now)
    {
        var elapsed = time.GetElapsedTime(_started);
        if (elapsed - _shown < (isTerminal ? Redraw : NextLine))
            return;
        _shown = elapsed;
        if (isTerminal)
            output.Write($"\r{Bar(now, elapsed)}\u001b[K");
        else
            output.WriteLine(Bar(now, elapsed));
        _drawn = true;
    }

    /// <summary>Leaves the line of the bar.</summary>
    public void End()
    {
        if (_drawn && isTerminal)
            output.Write("\r\u001b[K");
    }

    /// <summary>The bar as text: share, seeds, simulated hours, speed, and the time that is left.</summary>
    public string Bar(CampaignProgress now, TimeSpan elapsed)
    {
        var share = Math.Clamp(Math.Max((double)now.Seeds / plan.Seeds, now.Simulated.TotalHours / plan.Hours ?? 0), 0, 1);
        var full = (int)(share * Width);
        var seconds = Math.Max(0.001, elapsed.TotalSeconds);
        var left = share > 0 ? $", {Words.Duration(TimeSpan.FromSeconds(Math.Round(seconds / share * (1 - share))))} left" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"[{new string('#', full)}{new string('.', Width - full)}] {share * 100:0.0} %  {now.Seeds:#,0} seeds, {now.Simulated.TotalHours:#,0} simulated hours, {now.Seeds / seconds:0.0} seeds/s{left}");
    }
}
