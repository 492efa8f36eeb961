using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>Samples a replay at even distances.</summary>
internal sealed class ReplaySampler
{
    private const int Samples = 800;

    private static readonly TimeSpan[] Distances =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10),
        TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(3), TimeSpan.FromHours(6), TimeSpan.FromHours(12),
    ];

    private readonly ReplayMeter _meter;
    private readonly Func<BudgetName, BudgetAccount?> _account;
    private readonly BudgetSpec[] _limited;
    private readonly TimeSpan _every;
    private readonly List<int> _pending = [];
    private readonly List<int> _running = [];
    private readonly List<int> _booting = [];
    private readonly List<int> _idle = [];
    private readonly List<int> _busy = [];
    private readonly List<Money>[] _spent;
    private readonly List<Money>[] _held;

    /// <param name="setup">What is replayed.</param>
    /// <param name="start">The time of the first sample.</param>
    /// <param name="meter">What truly happens.</param>
    /// <param name="account">A budget as its ledger has it.</param>
    public ReplaySampler(ReplaySetup setup, DateTimeOffset start, ReplayMeter meter, Func<BudgetName, BudgetAccount?> account)
    {
        (_meter, _account, Next) = (meter, account, start);
        var span = setup.Trace.Jobs.Aggregate(TimeSpan.Zero, (longest, j) => j.SubmittedAt + j.Duration > longest ? j.SubmittedAt + j.Duration : longest);
        _every = Distances.FirstOrDefault(d => span / d <= Samples, TimeSpan.FromDays(1));
        _limited = [.. setup.Configuration.Budgets.Where(b => b.Limit is not null).OrderBy(b => b.Parent is not null).Take(TraceSeries.MostBudgets)];
        _spent = [.. _limited.Select(_ => new List<Money>())];
        _held = [.. _limited.Select(_ => new List<Money>())];
    }

    /// <summary>When the next sample is due.</summary>
    public DateTimeOffset Next { get; private set; }

    /// <summary>Takes all samples that are due before a time, at which nothing has happened yet.</summary>
    public void TakeBefore(DateTimeOffset time)
    {
        for (; Next <= time; Next += _every)
            Take();
    }

    public TraceSeries Series() => new(
        _every, _pending, _running, _booting, _idle, _busy,
        [.. _limited.Select((b, i) => new BudgetSeries(b.Name.Value, Name(b.Window), b.Limit!.Value, _spent[i], _held[i]))]);

    private static string Name(BudgetWindow window) => window switch
    {
        BudgetWindow.Hour => "hour",
        BudgetWindow.Day => "day",
        BudgetWindow.Week => "week",
        BudgetWindow.Month => "month",
        BudgetWindow.Total => "total",
    };

    private void Take()
    {
        _pending.Add(_meter.Pending);
        _running.Add(_meter.Running);
        _booting.Add(_meter.Booting);
        _idle.Add(_meter.Idle);
        _busy.Add(_meter.Busy);
        for (var i = 0; i < _limited.Length; i++)
        {
            var account = _account(_limited[i].Name);
            var balance = account?.At(account.WindowOf(Next)) ?? Balance.Zero;
            _spent[i].Add(balance.Spent);
            _held[i].Add(balance.Held);
        }
    }
}
