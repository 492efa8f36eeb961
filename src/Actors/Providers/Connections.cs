using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Actors.Providers;

/// <summary>Limits of the calls to the outside world, section <c>Calls</c>.</summary>
public sealed class CallOptions
{
    public const string Section = "Calls";

    /// <summary>How long a compute platform may take for one call; after that its result is not known.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan ProviderTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a source may take for one look or one request.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan SourceTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The connections of this node to compute platforms and sources, one for each declaration. Thread safe.</summary>
public sealed class Connections(IEnumerable<IProviderConnector> providers, IEnumerable<ISourceConnector> sources)
{
    private readonly Dictionary<string, IProviderConnector> _providerKinds = providers.ToDictionary(p => p.Kind, StringComparer.Ordinal);
    private readonly Dictionary<string, ISourceConnector> _sourceKinds = sources.ToDictionary(s => s.Kind, StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ProviderSpec, Lazy<IComputeProvider>> _providers = new();
    private readonly ConcurrentDictionary<SourceSpec, Lazy<IQueueSource>> _sources = new();

    /// <exception cref="InvalidOperationException">This program has no provider of that kind.</exception>
    public IComputeProvider Provider(ProviderSpec spec) => _providers.GetOrAdd(spec, s => new Lazy<IComputeProvider>(() =>
        _providerKinds.TryGetValue(s.Kind, out var kind)
            ? kind.Connect(s)
            : throw new InvalidOperationException($"Provider {s.Name} is of the kind '{s.Kind}'; this program knows {string.Join(", ", _providerKinds.Keys.Order())}."))).Value;

    /// <exception cref="InvalidOperationException">This program has no source of that kind.</exception>
    public IQueueSource Source(SourceSpec spec) => _sources.GetOrAdd(spec, s => new Lazy<IQueueSource>(() =>
        _sourceKinds.TryGetValue(s.Kind, out var kind)
            ? kind.Connect(s)
            : throw new InvalidOperationException($"Source {s.Name} is of the kind '{s.Kind}'; this program knows {string.Join(", ", _sourceKinds.Keys.Order())}."))).Value;
}
