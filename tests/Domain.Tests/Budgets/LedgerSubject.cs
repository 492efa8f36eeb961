using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Tests.Kit;

namespace ControlPlane.Domain.Tests.Budgets;

/// <summary>A ledger under test, in the words of its commands.</summary>
internal sealed class LedgerSubject
{
    private long revision;

    public Subject<LedgerDecider, LedgerState, LedgerCommand, LedgerEvent, LedgerEffect> Machine { get; } = new();

    public LedgerState State => Machine.State;

    public DateTimeOffset Now => Machine.Now;

    public static LedgerSubject With(params BudgetSpec[] tree)
    {
        var ledger = new LedgerSubject();
        ledger.Configure(tree);
        return ledger;
    }

    public LedgerSubject After(TimeSpan time)
    {
        Machine.After(time);
        return this;
    }

    public Decision<LedgerEvent, LedgerEffect> Configure(params BudgetSpec[] tree) => Machine.Send(new LedgerCommand.Configure(tree, ++revision));

    public Decision<LedgerEvent, LedgerEffect> Reserve(LeaseRequest request) => Machine.Send(new LedgerCommand.Reserve(request));

    /// <summary>A renewal of an instance that runs since the lease was granted.</summary>
    public Decision<LedgerEvent, LedgerEffect> Renew(int n, DateTimeOffset? started = null, HourlyRate? rate = null, DateTimeOffset? notBefore = null) =>
        Machine.Send(new LedgerCommand.Renew(Given.Id(n), Given.Queue, State.Leases[Given.Id(n)].Until, started, notBefore, rate ?? Given.Dollar));

    public Decision<LedgerEvent, LedgerEffect> Settle(int n, DateTimeOffset? from = null, DateTimeOffset? until = null, HourlyRate? rate = null) =>
        Machine.Send(new LedgerCommand.Settle(Given.Id(n), Given.Queue, from, until, rate ?? Given.Dollar));

    public Decision<LedgerEvent, LedgerEffect> Tick() => Machine.Send(new LedgerCommand.Tick());

    /// <summary>All windows of a budget together.</summary>
    public Balance Of(string budget) => State.Budgets[new BudgetName(budget)].Windows.Values
        .Aggregate(Balance.Zero, (sum, b) => new Balance(sum.Held + b.Held, sum.Spent + b.Spent));
}

internal static class LedgerAnswers
{
    public static LeaseAnswer? To(this Decision<LedgerEvent, LedgerEffect> decision, int n) =>
        decision.Effects.OfType<LedgerEffect.Tell>().LastOrDefault(t => t.Instance == Given.Id(n))?.Answer;

    public static DateTimeOffset GrantedUntil(this Decision<LedgerEvent, LedgerEffect> decision, int n) =>
        Assert.IsType<LeaseAnswer.Granted>(decision.To(n)).Until;
}
