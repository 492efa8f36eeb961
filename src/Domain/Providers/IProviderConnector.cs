using ControlPlane.Domain.Catalog;

namespace ControlPlane.Domain.Providers;

/// <summary>Knows one kind of compute platform. Port: implemented in Providers, found by Actors by its kind.</summary>
public interface IProviderConnector
{
    /// <summary>As written in the configuration, e.g. <c>local</c>.</summary>
    string Kind { get; }

    /// <summary>A provider for this declaration. Opens no connection yet, so it does not fail for an outage.</summary>
    IComputeProvider Connect(ProviderSpec spec);
}
