using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Domain.Catalog;

/// <summary>
/// The digest of a pool's content: the first 16 hexadecimal digits of the SHA-256 of its canonical JSON. It decides whether two specs are the same,
/// and is kept in journals, so its form never changes: a new property is written only where it differs from its default.
/// </summary>
public static class PoolDigest
{
    /// <summary>The digest of everything but <see cref="PoolSpec.Revision"/>.</summary>
    public static string Of(PoolSpec pool)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json, pool);
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan)[..8]);
    }

    /// <summary>The same pool with its digest as its revision.</summary>
    public static PoolSpec Stamp(PoolSpec pool) => pool with { Revision = Of(pool) };

    /// <summary>The same configuration with each pool's digest as its revision.</summary>
    public static Configuration Stamp(Configuration configuration) => configuration with { Pools = [.. configuration.Pools.Select(Stamp)] };

    private static void Write(Utf8JsonWriter json, PoolSpec pool)
    {
        json.WriteStartObject();
        json.WriteString("name", pool.Name);
        json.WriteString("provider", pool.Provider);
        json.WriteNumber("maxInstances", pool.MaxInstances);
        json.WriteStartArray("offers");
        foreach (var offer in pool.Offers)
        {
            Write(json, offer);
        }

        json.WriteEndArray();
        json.WriteNumber("slots", pool.Slots);
        json.WriteNumber("maxBootTime", pool.MaxBootTime.Ticks);
        json.WriteNumber("leaseLength", pool.LeaseLength.Ticks);
        json.WriteNumber("minimumBilling", pool.Billing.Minimum.Ticks);
        if (pool.FallbackAfter is { } fallback)
            json.WriteNumber("fallbackAfter", fallback.Ticks);
        if (pool.SpotBlackout is { } blackout)
            json.WriteNumber("spotBlackout", blackout.Ticks);
        Write(json, pool.Template);
        if (pool.Bootstrap is { } bootstrap)
        {
            BootstrapDigest.Write(json, bootstrap);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Offer offer)
    {
        json.WriteStartObject();
        json.WriteString("type", offer.Type);
        json.WriteString("zone", offer.Zone);
        json.WriteString("market", offer.Market switch { Market.OnDemand => "onDemand", Market.Spot => "spot" });
        json.WriteNumber("worst", offer.WorstRate.MicrosPerHour);
        json.WriteNumber("rate", offer.Rate.MicrosPerHour);
        json.WriteNumber("gpus", offer.Gpus);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PoolTemplate template)
    {
        switch (template)
        {
            case PoolTemplate.Local local:
                json.WriteStartObject("local");
                json.WriteNumber("bootDelay", local.BootDelay.Ticks);
                json.WriteNumber("orphanTimeout", local.OrphanTimeout.Ticks);
                json.WriteStartObject("environment");
                foreach (var (name, value) in local.Environment.OrderBy(v => v.Key, StringComparer.Ordinal))
                {
                    json.WriteString(name, value);
                }

                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case PoolTemplate.Aws aws:
                AwsDigest.Write(json, aws);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"No digest for {template.GetType().Name}.");
        }
    }
}
