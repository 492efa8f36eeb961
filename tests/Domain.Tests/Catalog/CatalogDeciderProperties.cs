using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Queues;
using CsCheck;

namespace ControlPlane.Domain.Tests.Catalog;

public sealed class CatalogDeciderProperties
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A step: a configuration to apply, or a number that picks who says that it is gone.</summary>
    private static readonly Gen<(Configuration? Apply, int Gone)[]> Steps = Gen.OneOf(
        ConfigurationGen.Valid.Select(c => ((Configuration?)c, 0)),
        Gen.Int[0, 1_000].Select(n => ((Configuration?)null, n))).Array[1, 12];

    [Fact]
    public void AnyCommand_Repeated_DecidesNothingNew() => Run((state, command, moment, decision, after) =>
        Assert.Empty(CatalogDecider.Decide(after, command, moment).Events));

    [Fact]
    public void WhatWasTold_AndResume_MakeTheSameWorld()
    {
        Steps.Sample(
            steps =>
            {
                var told = new World();
                var last = CatalogDecider.Initial;
                Walk(steps, (state, command, moment, decision, after) =>
                {
                    told.Hear(decision.Effects);
                    told.Forget(decision.Events);
                    last = after;
                });
                var resumed = new World();
                resumed.Hear(CatalogDecider.Resume(last, Now));
                Assert.Equal(resumed.Text(), told.Text());
            },
            iter: 500);
    }

    [Fact]
    public void Resume_TellsEveryQueueAndItsLedgerBeforeIt() => Run((state, command, moment, decision, after) =>
    {
        var effects = CatalogDecider.Resume(after, Now);
        var scalers = effects.OfType<CatalogEffect.ConfigureScaler>().ToList();
        Assert.Equal(CatalogResolution.Queues(after.Configuration).OrderBy(q => q.Name), scalers.Select(s => s.Queue));
        foreach (var scaler in scalers)
        {
            var before = effects.TakeWhile(e => e != scaler).ToList();
            var tree = before.OfType<CatalogEffect.ConfigureLedger>().Single(l => l.Ledger == scaler.Queue.Ledger).Tree;
            Assert.Contains(tree, b => b.Name == scaler.Queue.Budget);
            Assert.All(scaler.Queue.Pools, p => Assert.Contains(before.OfType<CatalogEffect.ConfigureGateway>(), g => g.Provider.Name == p.Provider));
        }
    });

    [Fact]
    public void Nothing_IsForgottenBeforeItSaysSo_NorWhatItNeeds() => Run((state, command, moment, decision, after) =>
    {
        foreach (var (name, _) in state.Scalers.Where(s => !after.Scalers.ContainsKey(s.Key)))
        {
            Assert.Equal(name, Assert.IsType<CatalogCommand.QueueGone>(command).Queue.Value);
        }

        foreach (var scaler in after.Scalers.Values)
        {
            Assert.Contains(scaler.Spec.Name, after.Watchers[scaler.Spec.Source].Queues);
            Assert.True(after.Ledgers.ContainsKey(scaler.Spec.Ledger.Value));
            Assert.All(scaler.Spec.Pools, p => Assert.True(after.Gateways.ContainsKey(p.Provider)));
        }
    });

    [Fact]
    public void Diff_OfTwoConfigurations_IsEmptyExactlyIfTheyAreEqual() =>
        Gen.Select(ConfigurationGen.Valid, ConfigurationGen.Valid).Sample(
            (a, b) => ConfigurationDiff.Between(a, a with { Queues = [.. a.Queues] }).Count == 0 && (ConfigurationDiff.Between(a, b).Count == 0) == a.Equals(b),
            iter: 1_000);

    private static void Run(Action<CatalogState, CatalogCommand, Moment, Decision<CatalogEvent, CatalogEffect>, CatalogState> check) =>
        Steps.Sample(steps => Walk(steps, check), iter: 300);

    private static void Walk(
        (Configuration? Apply, int Gone)[] steps, Action<CatalogState, CatalogCommand, Moment, Decision<CatalogEvent, CatalogEffect>, CatalogState> check)
    {
        var state = CatalogDecider.Initial;
        for (var i = 0; i < steps.Length; i++)
        {
            var moment = new Moment(Now.AddSeconds(i), (ulong)i);
            var command = steps[i].Apply is { } configuration ? new CatalogCommand.Apply(configuration, null, "ann", $"t{i}") : Gone(state, steps[i].Gone);
            if (command is null)
            {
                continue;
            }

            var decision = CatalogDecider.Decide(state, command, moment);
            var after = decision.Events.Aggregate(state, CatalogDecider.Apply);
            check(state, command, moment, decision, after);
            state = after;
        }
    }

    /// <summary>Someone known, retired or not, says that it is gone, at times with a stale revision.</summary>
    private static CatalogCommand? Gone(CatalogState state, int pick)
    {
        CatalogCommand[] all =
        [
            .. state.Scalers.Select(s => new CatalogCommand.QueueGone(new QueueName(s.Key), s.Value.Revision - (pick % 7 == 0 ? 1 : 0))),
            .. state.Ledgers.Select(l => new CatalogCommand.LedgerGone(new BudgetName(l.Key), l.Value.Revision)),
            .. state.Gateways.Select(g => new CatalogCommand.GatewayGone(g.Key, g.Value.Revision)),
        ];
        return all.Length == 0 ? null : all[pick % all.Length];
    }

    /// <summary>What entities know that hear the catalog's effects, and of whom nothing more is heard once they were gone.</summary>
    private sealed class World
    {
        private readonly SortedDictionary<string, string> known = new(StringComparer.Ordinal);

        public void Hear(IEnumerable<CatalogEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case CatalogEffect.ConfigureLedger e:
                        known[$"ledger {e.Ledger}"] = $"{e.Revision}: {string.Join(", ", e.Tree.Select(b => $"{b.Name} {b.Limit}"))}";
                        break;
                    case CatalogEffect.RetireLedger e:
                        known[$"ledger {e.Ledger}"] = $"retired {e.Revision}";
                        break;
                    case CatalogEffect.ConfigureGateway e:
                        known[$"gateway {e.Provider.Name}"] = $"{e.Revision}: {e.Provider}";
                        break;
                    case CatalogEffect.RetireGateway e:
                        known[$"gateway {e.Provider.Name}"] = $"retired {e.Revision}";
                        break;
                    case CatalogEffect.ConfigureScaler e:
                        known[$"scaler {e.Queue.Name}"] = $"{e.Revision}: {e.Queue.Budget} {string.Join(", ", e.Queue.Pools.Select(p => p.Revision))}";
                        break;
                    case CatalogEffect.RetireScaler e:
                        known[$"scaler {e.Queue}"] = $"retired {e.Revision}";
                        break;
                    case CatalogEffect.ConfigureWatcher { Queues.Count: 0 } e:
                        known.Remove($"watcher {e.Source.Name}");
                        break;
                    case CatalogEffect.ConfigureWatcher e:
                        known[$"watcher {e.Source.Name}"] = $"{e.Revision}: {e.Source} {string.Join(", ", e.Queues)}";
                        break;
                }
            }
        }

        public void Forget(IEnumerable<CatalogEvent> events)
        {
            foreach (var @event in events)
            {
                _ = @event switch
                {
                    CatalogEvent.QueueForgotten e => known.Remove($"scaler {e.Queue}"),
                    CatalogEvent.LedgerForgotten e => known.Remove($"ledger {e.Ledger}"),
                    CatalogEvent.GatewayForgotten e => known.Remove($"gateway {e.Provider}"),
                    _ => false,
                };
            }
        }

        public string Text() => string.Join("\n", known.Select(k => $"{k.Key} = {k.Value}"));
    }
}
