using System.Diagnostics;
using System.Globalization;
using System.Text;
using ControlPlane.Catalog;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Tests.Catalog;
using CsCheck;

namespace ControlPlane.Host.Tests.Catalog;

public sealed class ConfigurationDocumentTests
{
    private const string Whole = """
        version: 1
        sources:
          - name: embedded
            kind: embedded
            pace: 2s
        providers:
          - name: local
            kind: local
            sweepEvery: 1s
            launchesPerSecond: 2.5
        budgets:
          - name: lab
            limit: 5.00
            window: day
            timeZone: Europe/Berlin
            maxInstances: 10
            alertAt: [50, 80, 100]
            whenDry: stopLaunching
        pools:
          - name: small
            provider: local
            maxInstances: 4
            leaseLength: 1m
            minimumBilling: 10s
            price: 0.36
            local: { bootDelay: 2s, orphanTimeout: 2m, environment: { A: b } }
          - name: large
            provider: local
            maxInstances: 1
            offers:
              - { type: process, market: spot, price: $0.10, worstPrice: 1.00 USD, gpus: 2 }
              - { type: process, zone: a, price: 1 }
        queues:
          - name: default
            source: embedded
            budget: lab
            paused: true
            policy: { type: plugin, class: Lab.Night }
            pools: [small, large]
        """;

    /// <summary>A text of <see cref="Whole"/>, what to put in its place, and the fault: place, path, part of the message, part of the fix.</summary>
    public static TheoryData<string, string, string, string, string, string> Faulty => new()
    {
        { "version: 1", "version: 2", "1:10", "version", "version 2", "version: 1" },
        { "version: 1", "", "2:1", "version", "missing", "version" },
        { "pace: 2s", "pce: 2s", "5:5", "sources[0].pce", "no key 'pce'", "'pace'" },
        { "pace: 2s", "pace: 90", "5:11", "sources[0].pace", "'90' is not a duration", "90s" },
        { "pace: 2s", "pace: -5s", "5:11", "sources[0].pace", "'-5s'", "unit" },
        { "pace: 2s", "pace: 2s\n    pace: 3s", "6:5", "sources[0].pace", "twice, first in line 5", "Remove one" },
        { "pace: 2s", "pace: [2s]", "5:11", "sources[0].pace", "a list", "text" },
        { "queues:", "quues:", "33:1", "quues", "no key 'quues'", "'queues'" },
        { "kind: local", "kind: locl", "8:11", "providers[0].kind", "'locl'", "'local'" },
        { "launchesPerSecond: 2.5", "launchesPerSecond: fast", "10:24", "providers[0].launchesPerSecond", "'fast'", "2.5" },
        { "limit: 5.00", "limit: -5.00", "13:12", "budgets[0].limit", "-$5.00", "$0.00" },
        { "limit: 5.00", "limit: 5.00 EUR", "13:12", "budgets[0].limit", "not in US dollars", "convert" },
        { "limit: 5.00", "limit: €5", "13:12", "budgets[0].limit", "not in US dollars", "convert" },
        { "limit: 5.00", "limit: five", "13:12", "budgets[0].limit", "'five'", "12.50" },
        { "limit: 5.00", "limit: 0.0000001", "13:12", "budgets[0].limit", "finer", "six" },
        { "limit: 5.00", "limit: 0.01", "13:12", "budgets[0].limit", "pool 'large'", "0.166667" },
        { "window: day", "window: dya", "14:13", "budgets[0].window", "'dya'", "'day'" },
        { "Europe/Berlin", "Europe/Berlim", "15:15", "budgets[0].timeZone", "Berlim", "'Europe/Berlin'" },
        { "maxInstances: 10", "maxInstances: \"10\"", "16:19", "budgets[0].maxInstances", "'10'", "quotes" },
        { "[50, 80, 100]", "[50, 80, 80]", "17:23", "budgets[0].alertAt[2]", "80", "ascending" },
        { "[50, 80, 100]", "50", "17:14", "budgets[0].alertAt", "a list", "[a, b]" },
        { "whenDry: stopLaunching", "whenDry: stop", "18:14", "budgets[0].whenDry", "'stop'", "drain" },
        { "provider: local\n    maxInstances: 4", "maxInstances: 4", "20:5", "pools[0].provider", "missing", "provider" },
        { "minimumBilling: 10s", "minimumBilling: 2m", "23:18", "pools[0].leaseLength", "1m is shorter", "2m" },
        { "price: 0.36", "prize: 0.36", "25:5", "pools[0].prize", "no key", "'price'" },
        { "price: 0.36", "price: -1", "25:12", "pools[0].price", "out of range", "0 to" },
        { "    price: 0.36\n", "", "20:5", "pools[0].price", "neither", "price: 0.36" },
        { "bootDelay: 2s", "bootDelay: 2h", "26:25", "pools[0].local.bootDelay", "2h", "1h" },
        { "{ A: b }", "{ A: [b] }", "26:63", "pools[0].local.environment.A", "a list", "text" },
        { ", worstPrice: 1.00 USD", "", "31:9", "pools[1].offers[0].worstPrice", "spot", "on demand" },
        { "worstPrice: 1.00", "worstPrice: 0.05", "31:66", "pools[1].offers[0].worstPrice", "$0.05", "0.10" },
        { "market: spot", "market: sopt", "31:34", "pools[1].offers[0].market", "'sopt'", "'spot'" },
        { "source: embedded", "source: embeded", "35:13", "queues[0].source", "'embeded'", "'embedded'" },
        { "paused: true", "paused: yes", "37:13", "queues[0].paused", "'yes'", "true or false" },
        { "{ type: plugin, class: Lab.Night }", "{ type: plugin }", "38:13", "queues[0].policy.class", "class", "type name" },
        { "type: plugin, class", "type: perTask, class", "38:37", "queues[0].policy.class", "Only a plug-in", "type: plugin" },
        { "[small, large]", "[small, larg]", "39:20", "queues[0].pools[1]", "'larg'", "'large'" },
        { "[small, large]", "[small, small]", "39:20", "queues[0].pools[1]", "twice", "remove" },
        { "[small, large]", "&p [small]", "39:12", "queues[0].pools", "anchor", "not taken" },
        { "[small, large]", "*p", "39:12", "queues[0].pools", "alias", "not taken" },
        { "[small, large]", "!!seq [small]", "39:12", "queues[0].pools", "tag", "remove" },
        { "pools: [small, large]", "pools: [small, large]\n---\nversion: 1", "40:1", "", "second document", "one document" },
        { "pools: [small, large]", "pools: [small, large", "40:1", "", "not YAML", "brackets" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Parse_OneFault_IsFoundAtItsPlace(string from, string to, string place, string path, string message, string fix)
    {
        var (configuration, faults) = ConfigurationDocument.Parse(Whole.Replace(from, to, StringComparison.Ordinal));

        var fault = Assert.Single(faults);
        Assert.Null(configuration);
        Assert.Equal(path, fault.Path);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Contains(fix, fault.Fix, StringComparison.Ordinal);
        Assert.Equal(place, $"{fault.Line}:{fault.Column}");
    }

    [Fact]
    public void Parse_AllFaults_AreFoundTogetherInTheirOrder()
    {
        var text = Whole.Replace("pace: 2s", "pace: 2", StringComparison.Ordinal).Replace("limit: 5.00", "limt: 5", StringComparison.Ordinal)
            .Replace("budget: lab", "budget: lob", StringComparison.Ordinal);

        Assert.Equal(["sources[0].pace", "budgets[0].limt", "queues[0].budget"], ConfigurationDocument.Parse(text).Faults.Select(f => f.Path));
    }

    [Fact]
    public void Parse_EveryKey_ReachesTheConfiguration()
    {
        var configuration = Parsed(Whole);

        var budget = Assert.Single(configuration.Budgets);
        Assert.Equal((Money.FromDollars(5), BudgetWindow.Day, "Europe/Berlin", 10, WhenDry.StopLaunching), (budget.Limit!.Value, budget.Window, budget.TimeZone, budget.MaxInstances!.Value, budget.WhenDry));
        Assert.Equal([50, 80, 100], budget.AlertAt);
        var small = configuration.Pools[0];
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10)), (small.LeaseLength, small.Billing.Minimum));
        Assert.Equal([new Offer("process", "", Market.OnDemand, HourlyRate.FromDollars(0.36m), HourlyRate.FromDollars(0.36m), 0)], small.Offers);
        var template = Assert.IsType<PoolTemplate.Local>(small.Template);
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(2), "b"), (template.BootDelay, template.OrphanTimeout, template.Environment["A"]));
        Assert.Equal(
            [
                new Offer("process", "", Market.Spot, HourlyRate.FromDollars(1), HourlyRate.FromDollars(0.1m), 2),
                new Offer("process", "a", Market.OnDemand, HourlyRate.FromDollars(1), HourlyRate.FromDollars(1), 0),
            ],
            configuration.Pools[1].Offers);
        var queue = Assert.Single(configuration.Queues);
        Assert.Equal((true, new Domain.Scaling.PolicySpec.Plugin("Lab.Night")), (queue.Paused, queue.Policy));
        Assert.Equal(2.5, configuration.Providers[0].LaunchesPerSecond);
    }

    [Fact]
    public void Parse_Json_IsTheSame()
    {
        const string Json = "{\n\t\"version\": 1,\n\t\"budgets\": [\n\t\t{\"name\": \"lab\", \"limit\": 5.5, \"parent\": null, \"timeZone\": \"Europe\\/Berlin\"}\n\t]\n}";

        Assert.Equal(Parsed("version: 1\nbudgets:\n- name: lab\n  limit: $5.50\n  timeZone: Europe/Berlin\n"), Parsed(Json));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing but a remark\n")]
    [InlineData("---\n")]
    [InlineData("just words")]
    [InlineData("- a\n- b")]
    [InlineData("\t: \u0000 %")]
    [InlineData("{[}]")]
    [InlineData("? [a, b]\n: c")]
    public void Parse_NoDocument_IsAFaultAndNoException(string text) => Assert.NotEmpty(ConfigurationDocument.Parse(text).Faults);

    [Fact]
    public void Parse_AnyMutilation_NeverThrows() =>
        Gen.Select(Gen.Int[0, Whole.Length - 1], Gen.Int[0, 40], Gen.Char["[]{}:,-&*!|>'\"%@`#?\n\t 0aé\u0000\ud83d"].Array[0, 6]).Sample(
            (at, length, insert) =>
            {
                var text = Whole.Remove(at, Math.Min(length, Whole.Length - at)).Insert(at, new string(insert));
                var parsed = ConfigurationDocument.Parse(text);
                Assert.Equal(parsed.Configuration is null, parsed.Faults.Count > 0);
            },
            iter: 5_000);

    [Fact]
    public void Parse_Bombs_AreRefused()
    {
        var laughs = new StringBuilder("a0: &a0 [ha, ha]\n");
        for (var i = 1; i < 30; i++)
        {
            laughs.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]\n");
        }

        // Unfolded, the first would have 4 to the 30th parts: it would not end.
        Assert.Contains("anchor", Assert.Single(ConfigurationDocument.Parse(laughs.ToString()).Faults).Message, StringComparison.Ordinal);
        Assert.Contains("16 levels", Assert.Single(ConfigurationDocument.Parse(new string('[', 1_000_000)).Faults).Message, StringComparison.Ordinal);
        Assert.Contains("bytes", Assert.Single(ConfigurationDocument.Parse(new string(' ', ConfigurationDocument.MaxBytes + 1)).Faults).Message, StringComparison.Ordinal);
        Assert.Contains("parts", Assert.Single(ConfigurationDocument.Parse($"version: 1\nqueues: [{string.Concat(Enumerable.Repeat("1,", 2_100_000))}]").Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_AnyConfiguration_IsReadBackAndWrittenTheSame() => ConfigurationGen.Valid.Sample(
        configuration =>
        {
            var text = ConfigurationDocument.Write(configuration);
            var (back, faults) = ConfigurationDocument.Parse(text);
            Assert.Empty(faults);
            Assert.Equal(configuration, back);
            Assert.Equal(text, ConfigurationDocument.Write(back!));
        },
        iter: 500);

    [Fact]
    public void Locate_AFaultFoundLater_FindsItsLine()
    {
        var fault = ConfigurationDocument.Parse(Whole).Locate(new Domain.Catalog.ConfigurationFault("queues[0].source", "It moves.", "Do not."));

        Assert.Equal("35:13 queues[0].source: It moves. Do not.", fault.ToString());
    }

    [Fact]
    public void Parse_TenThousandQueues_TakesSeconds()
    {
        var text = new StringBuilder("version: 1\nsources:\n- { name: e, kind: embedded }\nproviders:\n- { name: l, kind: local }\nbudgets:\n- { name: b }\npools:\n");
        for (var i = 0; i < 20_000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"- name: pool-{i}\n  provider: l\n  maxInstances: 4\n  price: 0.36\n  leaseLength: 1m\n");
        }

        text.Append("queues:\n");
        for (var i = 0; i < 10_000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"- name: queue-{i}\n  source: e\n  budget: b\n  pools: [pool-{2 * i}, pool-{(2 * i) + 1}]\n");
        }

        var clock = Stopwatch.StartNew();
        Assert.Equal(10_000, Parsed(text.ToString()).Queues.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"It took {clock.Elapsed}.");
    }

    private static Domain.Catalog.Configuration Parsed(string text)
    {
        var (configuration, faults) = ConfigurationDocument.Parse(text);
        Assert.Empty(faults);
        return configuration!;
    }
}
