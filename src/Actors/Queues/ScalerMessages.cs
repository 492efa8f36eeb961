using System.Text.Json.Serialization;
using ControlPlane.Actors.Serialization;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Actors.Queues;

/// <summary>What is sent to a scaler and what it answers, as it crosses the border of a node.</summary>
public static class ScalerMessages
{
    public static ManifestTable Table { get; } = new ManifestTable()
        .Messages("scaler-command", ScalerMessageJson.Default.ScalerCommand)
        .Message("scaler.reply.v1", ScalerMessageJson.Default.ScalerReply)
        .Message("scaler.query.v1", ScalerMessageJson.Default.ScalerQuery)
        .Message("scaler.view.v1", ScalerMessageJson.Default.ScalerView)
        .Message("scaler.adoption-query.v1", ScalerMessageJson.Default.AdoptionQuery)
        .Message("scaler.adoption-answer.v1", ScalerMessageJson.Default.AdoptionAnswer)
        .Message("scaler.guest-query.v1", ScalerMessageJson.Default.GuestQuery)
        .Message("scaler.guest-standing.v1", ScalerMessageJson.Default.GuestStanding)
        .Messages("guest-answer", ScalerMessageJson.Default.GuestAnswer);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ScalerCommand))]
[JsonSerializable(typeof(InstanceCommand.Tick), TypeInfoPropertyName = "InstanceTick")]
[JsonSerializable(typeof(ScalerReply))]
[JsonSerializable(typeof(ScalerQuery))]
[JsonSerializable(typeof(ScalerView))]
[JsonSerializable(typeof(AdoptionQuery))]
[JsonSerializable(typeof(AdoptionAnswer))]
[JsonSerializable(typeof(GuestQuery))]
[JsonSerializable(typeof(GuestStanding))]
[JsonSerializable(typeof(GuestAnswer))]
[JsonSerializable(typeof(GuestAnswer.Granted), TypeInfoPropertyName = "GuestGranted")]
internal sealed partial class ScalerMessageJson : JsonSerializerContext;
