using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Secrets;
using ControlPlane.Providers.Bootstrap;

namespace ControlPlane.Providers.Tests.Bootstrap;

/// <summary>What bootstrapping tests start from.</summary>
internal static class Guests
{
    public const string Url = "https://control.example.org";

    public static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public static readonly ClearMlServer Server = new("https://api.example.org", "https://app.example.org", null, new SecretReference("env:ACCESS"), new SecretReference("env:SECRET"));

    public static GuestBootstrap Writer(string url = Url, byte[]? key = null) => new(url, new BootstrapTickets(key ?? Key), new KnownSecrets());

    public static PoolSpec Pool(BootstrapSpec? bootstrap, int slots = 1) => new()
    {
        Name = "gpu",
        Provider = "cloud",
        MaxInstances = 200,
        Slots = slots,
        Offers = [new Offer("g5.xlarge", "a", Market.OnDemand, HourlyRate.FromDollars(1), HourlyRate.FromDollars(1), 1)],
        Template = new PoolTemplate.Local(TimeSpan.Zero, new Dictionary<string, string>(), TimeSpan.FromMinutes(1)),
        Bootstrap = bootstrap,
    };

    public static LaunchBatch Batch(PoolSpec pool, int count = 3, string token = "01JTOKEN")
    {
        var at = new DateTimeOffset(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);
        return new LaunchBatch(token, pool.Offers[0], pool, [.. Enumerable.Range(0, count).Select(i => new LaunchIntent(new InstanceId(new Moment(at, 7).NewId(i)), new QueueName("train"), at.AddMinutes(10)))]);
    }

    public static GuestFacts Facts(BootstrapSpec bootstrap, string nativeId = "i-0123456789abcdef0", int slots = 1) =>
        new(nativeId, "train", "g5.xlarge", Pool(bootstrap, slots), Server);

    /// <summary>Knows every variable but <c>MISSING</c>; the value tells that it was read.</summary>
    private sealed class KnownSecrets : ISecretReader
    {
        public string Read(SecretReference reference) => reference.Variable switch
        {
            "MISSING" or null => throw new SecretException($"The secret {reference} is not there."),
            "AWKWARD" => "it's \"$HOME\" `id` \\ \n!",
            "SCRIPT" => "echo from a secret",
            var name => $"value-of-{name}",
        };
    }
}
