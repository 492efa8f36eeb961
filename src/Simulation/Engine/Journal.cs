using System.Text.Json;
using ControlPlane.Domain.Deciding;

namespace ControlPlane.Simulation.Engine;

/// <summary>What one entity has persisted. In the slow mode every event goes through JSON, as it does in production, and only its text is kept.</summary>
public sealed class Journal<TEvent>(bool asText)
    where TEvent : class, IEvent
{
    private readonly List<TEvent> _events = [];
    private readonly List<string> _texts = [];

    public int Count => asText ? _texts.Count : _events.Count;

    public IReadOnlyList<string> Texts => _texts;

    public void Append(TEvent @event)
    {
        if (asText)
            _texts.Add(JsonSerializer.Serialize(@event));
        else
            _events.Add(@event);
    }

    public IEnumerable<TEvent> Read() => asText ? _texts.Select(t => JsonSerializer.Deserialize<TEvent>(t)!) : _events;
}
