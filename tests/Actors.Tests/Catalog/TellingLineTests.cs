using ControlPlane.Actors.Catalog;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Actors.Tests.Catalog;

public sealed class TellingLineTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly TellingLine line = new(2, Patience);

    [Fact]
    public void Next_MoreThanPlaces_TellsAsManyAndTheNextWhenOneHasAnswered()
    {
        Add("a", "b", "c", "d");
        Assert.Equal(["a", "b"], Next());
        Assert.Empty(Next());
        line.Heard(EntityKind.Scaler, "a");
        Assert.Equal(["c"], Next());
        line.Heard(EntityKind.Scaler, "c");
        line.Heard(EntityKind.Scaler, "c");
        Assert.Equal(["d"], Next());
        Assert.Null(line.Due);
    }

    [Fact]
    public void Next_NobodyAnswers_GoesOnAfterThePatience()
    {
        Add("a", "b", "c", "d", "e");
        Assert.Equal(["a", "b"], Next());
        Assert.Equal(Now + Patience, line.Due);
        Assert.Empty(Next(Patience - TimeSpan.FromTicks(1)));
        Assert.Equal(["c", "d"], Next(Patience));
        Assert.Equal(Now + Patience + Patience, line.Due);
        line.Heard(EntityKind.Scaler, "a");
        Assert.Empty(Next(Patience));
    }

    [Fact]
    public void Add_WhatIsNewsAlready_IsToldOnceAndInItsPlace()
    {
        Add("a", "b", "c", "d");
        Next();
        line.Add(new Telling(EntityKind.Scaler, "d", "old", Ends: false));
        line.Add(new Telling(EntityKind.Scaler, "c", "new", Ends: false));
        line.Heard(EntityKind.Scaler, "a");
        line.Heard(EntityKind.Scaler, "b");
        Assert.Equal(["new", "old"], Next());
        Assert.Empty(Next(Patience + Patience));
    }

    /// <summary>It may have been told where it no longer is.</summary>
    [Fact]
    public void Add_AnEntityThatHasNotAnswered_IsToldAgainAndCountsFromThen()
    {
        Add("a", "b");
        Next();
        Add("a", "c", "d");
        Assert.Equal(["a", "c"], Next(Patience));
        line.Heard(EntityKind.Scaler, "c");
        Assert.Equal(["d"], Next(Patience + TimeSpan.FromTicks(1)));
        Assert.Empty(Next(Patience + TimeSpan.FromTicks(2)));
    }

    [Fact]
    public void Next_OfAllKinds_MoneyComesFirstAndEndingsLastWithoutAPlace()
    {
        var wide = new TellingLine(4, Patience);
        wide.Add(new Telling(EntityKind.Ledger, "old money", "retire", Ends: true));
        wide.Add(new Telling(EntityKind.Gateway, "old cloud", "retire", Ends: true));
        foreach (var kind in new[] { EntityKind.Watcher, EntityKind.Scaler, EntityKind.Gateway, EntityKind.Ledger })
            wide.Add(new Telling(kind, "x", kind, Ends: false));
        Assert.Equal([EntityKind.Ledger, EntityKind.Gateway, EntityKind.Scaler, EntityKind.Watcher], wide.Next(Now).Select(t => t.Message));
        wide.Heard(EntityKind.Ledger, "x");
        Assert.Equal(["old money", "old cloud"], wide.Next(Now).Select(t => t.Name));
    }

    /// <summary>Whatever comes when: nobody is forgotten, and never more than the places are told within the patience without an answer.</summary>
    [Fact]
    public void Next_AnyHistory_TellsTheLastWordToEachAndKeepsTheBound()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var any = new TellingLine(3, Patience);
            var now = Now;
            Dictionary<string, int> last = [];
            Dictionary<string, int> told = [];
            Dictionary<string, TimeSpan> open = [];

            void Tell()
            {
                foreach (var telling in any.Next(now))
                {
                    told[telling.Name] = (int)telling.Message;
                    open[telling.Name] = now + Patience;
                }

                Assert.True(open.Values.Count(until => until > now) <= 3, $"seed {seed}: too many at once");
            }

            for (var step = 0; step < 60; step++)
            {
                var name = random.Next(8).ToString(System.Globalization.CultureInfo.InvariantCulture);
                switch (random.Next(4))
                {
                    case 0 or 1:
                        last[name] = step;
                        any.Add(new Telling(EntityKind.Scaler, name, step, Ends: false));
                        break;
                    case 2:
                        any.Heard(EntityKind.Scaler, name);
                        open.Remove(name);
                        break;
                    default:
                        now += Patience / 4;
                        break;
                }

                Tell();
            }

            for (var rounds = 0; any.Due is { } due; rounds++)
            {
                Assert.True(rounds < 20, $"seed {seed}: it does not come to rest");
                now = due > now ? due : now;
                Tell();
            }

            Assert.Equal(last.OrderBy(e => e.Key), told.OrderBy(e => e.Key));
        }
    }

    private void Add(params string[] names)
    {
        foreach (var name in names)
            line.Add(new Telling(EntityKind.Scaler, name, name, Ends: false));
    }

    private IReadOnlyList<object> Next(TimeSpan after = default) => [.. line.Next(Now + after).Select(t => t.Message)];
}
