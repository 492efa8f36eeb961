using ControlPlane.Domain.Catalog;

namespace ControlPlane.Domain.Sources;

/// <summary>Knows one kind of source. Port: implemented in Providers, found by Actors by its kind.</summary>
public interface ISourceConnector
{
    /// <summary>As written in the configuration, e.g. <c>embedded</c>.</summary>
    string Kind { get; }

    /// <summary>A source for this declaration. Opens no connection yet, so it does not fail for an outage.</summary>
    IQueueSource Connect(SourceSpec spec);
}
