using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Budgets;

namespace ControlPlane.Actors.Budgets;

/// <summary>What is sent to a ledger and what it answers, as it crosses the border of a node.</summary>
public static class LedgerMessages
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Messages("ledger-command", LedgerMessageJson.Default.LedgerCommand)
        .Message("ledger.query.v1", LedgerMessageJson.Default.LedgerQuery)
        .Message("ledger.view.v1", LedgerMessageJson.Default.LedgerView);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LedgerCommand))]
[JsonSerializable(typeof(LedgerQuery))]
[JsonSerializable(typeof(LedgerView))]
internal sealed partial class LedgerMessageJson : JsonSerializerContext;
