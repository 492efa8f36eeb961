using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Budgets;

namespace ControlPlane.Actors.Budgets;

/// <summary>How a ledger's facts are stored.</summary>
public static class LedgerManifests
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Event("ledger.configured.v1", LedgerJson.Default.Configured)
        .Event("ledger.lease-granted.v1", LedgerJson.Default.LeaseGranted)
        .Event("ledger.lease-renewed.v1", LedgerJson.Default.LeaseRenewed)
        .Event("ledger.lease-settled.v1", LedgerJson.Default.LeaseSettled)
        .Event("ledger.request-queued.v1", LedgerJson.Default.RequestQueued)
        .Event("ledger.request-withdrawn.v1", LedgerJson.Default.RequestWithdrawn)
        .Event("ledger.renewal-denied.v1", LedgerJson.Default.RenewalDenied)
        .Event("ledger.alert-reached.v1", LedgerJson.Default.AlertReached)
        .Snapshot("ledger.state.v1", LedgerJson.Default.LedgerState);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LedgerEvent.Configured))]
[JsonSerializable(typeof(LedgerEvent.LeaseGranted))]
[JsonSerializable(typeof(LedgerEvent.LeaseRenewed))]
[JsonSerializable(typeof(LedgerEvent.LeaseSettled))]
[JsonSerializable(typeof(LedgerEvent.RequestQueued))]
[JsonSerializable(typeof(LedgerEvent.RequestWithdrawn))]
[JsonSerializable(typeof(LedgerEvent.RenewalDenied))]
[JsonSerializable(typeof(LedgerEvent.AlertReached))]
[JsonSerializable(typeof(LedgerState))]
internal sealed partial class LedgerJson : JsonSerializerContext;
