namespace ControlPlane.Host.Tests.Hosting;

/// <summary>
/// Tests that look at a node's metrics as a whole run after all others. Nodes in one process have the same instruments: the values may be another's, and one that stops
/// takes the requests' metrics of all along.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
