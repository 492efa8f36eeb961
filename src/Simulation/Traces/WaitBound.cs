using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>
/// A lower bound of what any schedule costs that knows the future, for machines of one kind with one slot that are billed by the second and each boot for at
/// least a known time before their first job, where jobs are not interrupted and those of one queue share no machine with another's.
/// <para>
/// Why it is a bound. Let job j be submitted at a, run for d, and wait for w. On its machine it is the first, and the machine's boot (billed, length B) is paid; or it
/// comes after a job i, and the machine is idle for h = g + w(j) - w(i) >= 0 between them, where g = a(j) - (a(i) + d(i)). Each job is followed by at most one.
/// So cost = price * (sum of d + B * machines + sum of h), at least. For any weight v >= 0 and any share s in [0, 1] give each job's wait to the two places where it
/// counts: v * sum of w >= sum over following pairs of v * ((1 - s) * w(j) + s * w(i)). A pair then has price * h + v * ((1 - s) * w(j) + s * w(i)), and the least that this
/// can be over all waits with h >= 0 is min(price, v * s) * g where g >= 0, and v * (1 - s) * -g where g &lt; 0. What is left is to match ends to
/// submissions, each at most once, at these costs, where a submission without an end costs price * B. Its optimum M(v, s) is at most what the schedule has, so
/// cost >= price * sum of d + M(v, s) - v * (sum of all waits), for every v and s: the largest of them is the bound.
/// </para>
/// <para>
/// At no wait at all (v without limit, s = 1) it is exact: min(gap, B) is paid for each gap, and the oracle that knows whether to keep a machine does just that.
/// For other waits it is a bound and no schedule: none needs to reach it.
/// </para>
/// </summary>
public static class WaitBound
{
    private static readonly double[] Shares = [0.25, 0.5, 0.75];

    /// <summary>The cost of the best schedule in which no job waits: it boots ahead of time, and keeps a machine over a gap exactly if that is cheaper than a boot.</summary>
    /// <param name="trace">The jobs.</param>
    /// <param name="rate">What a machine costs.</param>
    /// <param name="boot">What a machine takes, at least, from its launch to its first job. At least 0.</param>
    public static TraceOutcome AtNoWait(JobTrace trace, HourlyRate rate, TimeSpan boot) => AtNoWait(trace, _ => rate, boot);

    /// <summary>The same with a rate for each queue.</summary>
    public static TraceOutcome AtNoWait(JobTrace trace, Func<string, HourlyRate> rate, TimeSpan boot)
    {
        var queues = Queues(trace, rate);
        return new TraceOutcome(
            "oracle at no wait", Price(queues.Sum(q => q.Rate * (q.Work + Matching(q, boot, 1, double.PositiveInfinity)))), [.. trace.Jobs.Select(_ => TimeSpan.Zero)]);
    }

    /// <summary>What no schedule can go below whose jobs wait for at most this long on average.</summary>
    /// <param name="trace">The jobs.</param>
    /// <param name="rate">What a machine costs.</param>
    /// <param name="boot">What a machine takes, at least, from its launch to its first job. At least 0.</param>
    /// <param name="meanWait">The mean wait that is allowed. At least 0.</param>
    public static Money AtMeanWait(JobTrace trace, HourlyRate rate, TimeSpan boot, TimeSpan meanWait) => AtMeanWait(trace, _ => rate, boot, meanWait);

    /// <summary>The same with a rate for each queue: the wait is the mean of all jobs, so it is weighed in money.</summary>
    public static Money AtMeanWait(JobTrace trace, Func<string, HourlyRate> rate, TimeSpan boot, TimeSpan meanWait)
    {
        if (meanWait <= TimeSpan.Zero)
            return AtNoWait(trace, rate, boot).Cost;
        var queues = Queues(trace, rate);
        var waits = (double)meanWait.Ticks * trace.Jobs.Count;
        var unit = queues.Select(q => q.Rate).DefaultIfEmpty(1).Average();
        var most = 0.0;
        double Bound(double weight, double share) => queues.Sum(q =>
        {
            var own = q.Rate > 0 ? weight * unit / q.Rate : 0;
            return q.Rate * Matching(q, boot, Math.Min(1, own * share), own * (1 - share));
        }) - (weight * unit * waits);

        // Any weight gives a bound; the best one lies between those that make waiting free and those that forbid it.
        foreach (var share in Shares)
        {
            for (var weight = 1.0 / 1024; weight <= 64; weight *= 2)
                most = Math.Max(most, Bound(weight, share));
        }

        return Price(queues.Sum(q => q.Rate * q.Work) + most);
    }

    /// <summary>One queue: micro-dollars an hour, the ticks of its jobs together, and its submissions and ends in the order of time, submissions as -1 after ends as 1.</summary>
    private sealed record QueueLine(double Rate, double Work, (long At, int Step)[] Events);

    private static QueueLine[] Queues(JobTrace trace, Func<string, HourlyRate> rate) =>
    [
        .. trace.Jobs.GroupBy(j => j.Queue, StringComparer.Ordinal).Select(q => new QueueLine(
            rate(q.Key).MicrosPerHour,
            q.Sum(j => (double)j.Duration.Ticks),
            [
                .. q.SelectMany(j => new[] { (At: j.SubmittedAt.Ticks, Step: -1), (At: (j.SubmittedAt + j.Duration).Ticks, Step: 1) })
                    .OrderBy(e => e.At).ThenByDescending(e => e.Step),
            ])),
    ];

    /// <summary>
    /// The least cost of matching ends to submissions, in ticks of a machine: <paramref name="keep"/> for each tick that an end lies before its submission,
    /// <paramref name="wait"/> for each tick that it lies after, and a boot for a submission without an end.
    /// </summary>
    private static double Matching(QueueLine queue, TimeSpan boot, double keep, double wait) => new Line(boot.Ticks, keep, wait).Walk(queue.Events);

    /// <param name="amount">Micro-dollars an hour times ticks.</param>
    private static Money Price(double amount) => new((long)Math.Floor(amount / TimeSpan.TicksPerHour));

    /// <summary>
    /// Walks along the time of one queue. The state is how many ends are kept for later submissions (below 0: how many submissions wait for later ends); the cost
    /// of the best way to each state is a convex function of it, known by its slopes. A boot may be bought at any time and an end thrown away, so every slope lies
    /// between 0 and a boot.
    /// </summary>
    private sealed class Line(double boot, double keep, double wait)
    {
        // slopes[origin + k] is the cost of state k + 1 less that of state k; outside of the list: a boot above it, 0 below it.
        private readonly List<double> _above = [];
        private readonly List<double> _below = [];
        private double _atZero;

        public double Walk((long At, int Step)[] events)
        {
            var last = 0L;
            foreach (var (at, step) in events)
            {
                Pass(at - last);
                last = at;
                if (step > 0)
                    End();
                else
                    Submit();
            }

            return _atZero;
        }

        /// <summary>Time passes: each kept end and each waiting submission costs.</summary>
        private void Pass(long ticks)
        {
            if (ticks == 0)
                return;
            for (var k = _above.Count - 1; k >= 0; k--)
            {
                _above[k] += keep * ticks;
                if (_above[k] >= boot)
                    _above.RemoveAt(k);
            }

            for (var k = _below.Count - 1; k >= 0; k--)
            {
                _below[k] -= wait * ticks;
                if (_below[k] <= 0)
                    _below.RemoveAt(k);
            }
        }

        /// <summary>An end can be kept: what was state k is k + 1.</summary>
        private void End()
        {
            var crossed = Below(0);
            _above.Insert(0, crossed);
            if (_below.Count > 0)
                _below.RemoveAt(0);
            _atZero -= crossed;
            Trim();
        }

        /// <summary>A submission takes one: what was state k + 1 is k.</summary>
        private void Submit()
        {
            var crossed = _above.Count > 0 ? _above[0] : boot;
            if (_above.Count > 0)
                _above.RemoveAt(0);
            _below.Insert(0, crossed);
            _atZero += crossed;
            Trim();
        }

        private double Below(int k) => k < _below.Count ? _below[k] : 0;

        private void Trim()
        {
            while (_above.Count > 0 && _above[^1] >= boot)
                _above.RemoveAt(_above.Count - 1);
            while (_below.Count > 0 && _below[^1] <= 0)
                _below.RemoveAt(_below.Count - 1);
        }
    }
}
