namespace ControlPlane.Simulation.Engine;

/// <summary>Messages that arrive at once, one after the other: nobody is told of anything while somebody decides.</summary>
public sealed class Mailbox
{
    private readonly Queue<Action> _messages = new();

    public void Post(Action deliver) => _messages.Enqueue(deliver);

    /// <summary>Delivers all messages, and those that come of them.</summary>
    public void Deliver()
    {
        while (_messages.TryDequeue(out var deliver))
            deliver();
    }
}
