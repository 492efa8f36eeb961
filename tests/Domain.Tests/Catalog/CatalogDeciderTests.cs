using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Domain.Tests.Catalog;

public sealed class CatalogDeciderTests
{
    private static readonly Moment Moment = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), 7);

    [Fact]
    public void Apply_TheFirst_TellsEveryoneMoneyFirstAndRepliesLast()
    {
        var (state, effects) = Run(CatalogDecider.Initial, Apply(Sample.Two));

        Assert.Equal(1, state.Revision);
        Assert.Equal("ann", state.AppliedBy);
        Assert.Equal(Moment.Now, state.AppliedAt);
        Assert.Equal(
            ["ConfigureLedger", "ConfigureGateway", "ConfigureScaler", "ConfigureScaler", "ConfigureWatcher", "Reply"],
            effects.Select(e => e.GetType().Name));
        Assert.Equal(["lab", "night"], Assert.IsType<CatalogEffect.ConfigureLedger>(effects[0]).Tree.Select(b => b.Name.Value));
        var train = Assert.IsType<CatalogEffect.ConfigureScaler>(effects[3]).Queue;
        Assert.Equal(("train", "night", "lab", "large"), (train.Name.Value, train.Budget.Value, train.Ledger.Value, train.Pools.Single().Name));
        Assert.Matches("^[0-9a-f]{16}$", train.Pools.Single().Revision);
    }

    [Fact]
    public void Apply_OneQueueChanged_TellsOnlyIt()
    {
        var (before, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));

        var (after, effects) = Run(before, Apply(Sample.With((QueueEntry q) => q with { Paused = true }), "t2"));

        var told = Assert.IsType<CatalogEffect.ConfigureScaler>(effects[0]);
        Assert.True(told.Queue.Paused);
        Assert.Equal(2, told.Revision);
        Assert.Equal(1, after.Scalers["train"].Revision);
        var reply = Assert.IsType<CatalogReply.Applied>(Assert.IsType<CatalogEffect.Reply>(effects[1]).Answer);
        Assert.Equal("queue default: paused changes from false to true.", Assert.Single(reply.Changes).Sentence);
        Assert.Equal(2, effects.Count);
    }

    [Fact]
    public void Apply_Identical_IsUnchanged()
    {
        var (state, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));

        var decision = CatalogDecider.Decide(state, Apply(Sample.Two with { Pools = [.. Sample.Two.Pools.Select(p => p with { Revision = "" })] }, "t2"), Moment);

        Assert.Empty(decision.Events);
        Assert.Equal([new CatalogEffect.Reply("t2", new CatalogReply.Unchanged(1))], decision.Effects);
    }

    [Fact]
    public void Apply_TokenRepeatedAfterOthers_RepeatsItsAnswerOnly()
    {
        var (first, _) = Run(CatalogDecider.Initial, Apply(Sample.Two, expected: 0));
        var (second, _) = Run(first, Apply(Configuration.Empty, "t2"));

        var decision = CatalogDecider.Decide(second, Apply(Sample.Two, expected: 0), Moment);

        Assert.Empty(decision.Events);
        var reply = Assert.IsType<CatalogEffect.Reply>(Assert.Single(decision.Effects));
        Assert.Equal(1, Assert.IsType<CatalogReply.Applied>(reply.Answer).Revision);
    }

    [Fact]
    public void Apply_FromAnotherRevision_IsAConflict()
    {
        var (state, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));

        Assert.Equal(new CatalogReply.RevisionConflict(7, 1), Refusal(state, Apply(Configuration.Empty, "t2", expected: 7)));
    }

    [Fact]
    public void Apply_Faulty_IsRefusedWhole()
    {
        var reply = Assert.IsType<CatalogReply.Refused>(Refusal(CatalogDecider.Initial, Apply(Sample.With((QueueEntry q) => q with { Source = "x" }))));

        Assert.Equal("queues[0].source", Assert.Single(reply.Faults).Path);
    }

    [Fact]
    public void Apply_QueueMovesToAnotherSource_IsRefusedEvenWhileItIsRetired()
    {
        var other = new SourceSpec("other", "embedded", TimeSpan.FromSeconds(1));
        var moved = Sample.With((QueueEntry q) => q with { Source = "other" }) with { Sources = [.. Sample.Two.Sources, other] };
        var (state, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));
        var (removed, _) = Run(state, Apply(Configuration.Empty, "t2"));

        Assert.Equal("queues[0].source", Assert.Single(Assert.IsType<CatalogReply.Refused>(Refusal(state, Apply(moved, "t3"))).Faults).Path);
        Assert.Equal("queues[0].source", Assert.Single(Assert.IsType<CatalogReply.Refused>(Refusal(removed, Apply(moved, "t3"))).Faults).Path);

        var (gone, _) = Run(removed, new CatalogCommand.QueueGone(new QueueName("default"), 2));
        Assert.Equal(3, Run(gone, Apply(moved, "t3")).State.Revision);
    }

    [Fact]
    public void Apply_EverythingRemoved_RetiresAndKeepsWhatIsStillNeeded()
    {
        var (before, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));

        var (after, effects) = Run(before, Apply(Configuration.Empty, "t2"));

        Assert.Equal(["RetireScaler", "RetireScaler", "RetireLedger", "RetireGateway", "Reply"], effects.Select(e => e.GetType().Name));
        var resumed = CatalogDecider.Resume(after, Moment.Now);
        Assert.Equal(["ConfigureWatcher", "RetireScaler", "RetireScaler", "RetireLedger", "RetireGateway"], resumed.Select(e => e.GetType().Name));
        Assert.Equal(["default", "train"], Assert.IsType<CatalogEffect.ConfigureWatcher>(resumed[0]).Queues.Select(q => q.Value));
    }

    [Fact]
    public void Gone_AfterTheLastQueue_ForgetsLedgerGatewayAndWatcher()
    {
        var (state, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));
        (state, _) = Run(state, Apply(Configuration.Empty, "t2"));
        var ledgerGone = new CatalogCommand.LedgerGone(new BudgetName("lab"), 2);
        var gatewayGone = new CatalogCommand.GatewayGone("local", 2);
        (state, _) = Run(state, new CatalogCommand.QueueGone(new QueueName("default"), 2));

        // A retired queue may still need them.
        Assert.Empty(CatalogDecider.Decide(state, ledgerGone, Moment).Events);
        Assert.Empty(CatalogDecider.Decide(state, gatewayGone, Moment).Events);

        (state, var effects) = Run(state, new CatalogCommand.QueueGone(new QueueName("train"), 2));
        Assert.Empty(Assert.IsType<CatalogEffect.ConfigureWatcher>(Assert.Single(effects)).Queues);
        (state, _) = Run(state, ledgerGone);
        (state, _) = Run(state, gatewayGone);
        Assert.Empty(CatalogDecider.Resume(state, Moment.Now));
    }

    [Fact]
    public void QueueGone_OfAQueueAddedAgain_IsIgnored()
    {
        var (state, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));
        (state, _) = Run(state, Apply(Configuration.Empty, "t2"));
        (state, _) = Run(state, Apply(Sample.Two, "t3"));
        Assert.Empty(CatalogDecider.Decide(state, new CatalogCommand.QueueGone(new QueueName("default"), 2), Moment).Events);

        (state, _) = Run(state, Apply(Configuration.Empty, "t4"));
        Assert.Empty(CatalogDecider.Decide(state, new CatalogCommand.QueueGone(new QueueName("default"), 2), Moment).Events);
        Assert.Single(CatalogDecider.Decide(state, new CatalogCommand.QueueGone(new QueueName("default"), 4), Moment).Events);
    }

    [Fact]
    public void Apply_BudgetMovesUnderAnother_RetiresItsOldLedger()
    {
        var (state, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));
        var company = Sample.Budget("company");

        var (after, effects) = Run(state, Apply(
            Sample.With((BudgetSpec b) => b with { Parent = company.Name }) with { Budgets = [company, Sample.Two.Budgets[0] with { Parent = company.Name }, Sample.Two.Budgets[1]] },
            "t2"));

        Assert.Equal(["ConfigureLedger", "ConfigureScaler", "ConfigureScaler", "RetireLedger", "Reply"], effects.Select(e => e.GetType().Name));
        Assert.Equal("company", after.Scalers["train"].Spec.Ledger.Value);
        Assert.Equal(["company", "lab", "night"], after.Ledgers["company"].Tree.Select(b => b.Name.Value));
    }

    [Fact]
    public void Heard_ByEveryone_LeavesNothingToRepeatUntilAllAreWokenAgain()
    {
        var (state, _) = Run(CatalogDecider.Initial, Apply(Sample.Two));
        foreach (var effect in CatalogDecider.Resume(state, Moment.Now))
        {
            var heard = new CatalogCommand.Heard(effect.Hearing!.Kind, effect.Hearing.Name, effect.Hearing.Revision);
            (state, _) = Run(state, heard);
            Assert.Empty(CatalogDecider.Decide(state, heard, Moment).Events);
        }

        Assert.Empty(CatalogDecider.Resume(state, Moment.Now));
        (state, var told) = Run(state, new CatalogCommand.WakeAll());
        Assert.Equal(5, told.Count);
        Assert.Equal(5, CatalogDecider.Resume(state, Moment.Now).Count);
    }

    [Fact]
    public void Digest_OfKnownPool_NeverChanges()
    {
        // Kept in journals: a change of this value means that every pool in the world looks changed after an upgrade.
        Assert.Equal("82b1bbdc6bc47c58", PoolDigest.Of(Sample.Pool("small")));
        Assert.NotEqual(PoolDigest.Of(Sample.Pool("small")), PoolDigest.Of(Sample.Pool("small") with { Slots = 2 }));
    }

    private static CatalogCommand.Apply Apply(Configuration configuration, string token = "t1", long? expected = null) => new(configuration, expected, "ann", token);

    private static CatalogReply Refusal(CatalogState state, CatalogCommand.Apply command)
    {
        var decision = CatalogDecider.Decide(state, command, Moment);
        Assert.Empty(decision.Events);
        return Assert.IsType<CatalogEffect.Reply>(Assert.Single(decision.Effects)).Answer;
    }

    private static (CatalogState State, IReadOnlyList<CatalogEffect> Effects) Run(CatalogState state, CatalogCommand command)
    {
        var decision = CatalogDecider.Decide(state, command, Moment);
        Assert.Single(decision.Events);
        return (decision.Events.Aggregate(state, CatalogDecider.Apply), decision.Effects);
    }
}
