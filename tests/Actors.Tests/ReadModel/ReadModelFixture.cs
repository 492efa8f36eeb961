using ControlPlane.Actors.ReadModel;
using ControlPlane.Actors.Serialization;
using ControlPlane.Actors.Storage;
using ControlPlane.Actors.Storage.Journal;
using ControlPlane.Actors.Tests.Storage;
using ControlPlane.Domain.Deciding;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ControlPlane.Actors.Tests.ReadModel;

/// <summary>A journal into which a test writes real events, and the read model that follows it.</summary>
internal sealed class ReadModelFixture : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryStorage _directory;
    private readonly FakeTimeProvider _time = new(Start);
    private readonly NodeStorage _storage;
    private readonly Dictionary<string, long> _numbers = [];

    public ReadModelFixture(StorageProvider provider)
    {
        _directory = new TemporaryStorage(provider);
        _storage = new NodeStorage(_directory.Options(), _time);
        Store = new ReadModelStore(_storage, Projectors);
    }

    public static IReadOnlyList<IProjector> Projectors { get; } = [new QueueProjector(), new InstanceProjector(), new LedgerProjector(), new CatalogProjector()];

    public ReadModelStore Store { get; }

    public async Task WriteAsync(string entity, params IReadOnlyList<IEvent> events)
    {
        var first = _numbers.GetValueOrDefault(entity) + 1;
        _numbers[entity] = first + events.Count - 1;
        EventRow[] rows =
        [
            .. events.Select((e, i) => new EventRow(
                first + i, _time.GetUtcNow().UtcTicks, EntityHosting.Manifests.NameOf(e), ManifestSerializer.StoredIdentifier, EntityHosting.Manifests.Write(e), "writer")),
        ];
        await _storage.Events!.AppendAsync(entity, rows, CancellationToken.None);
    }

    public async Task<int> ProjectAsync(string name = "read-model", int batch = 100)
    {
        using var projection = new Projection(
            _storage, EntityHosting.Manifests, Projectors, new Changes(), new ProjectionOptions { Name = name, BatchSize = batch }, _time, NullLogger<Projection>.Instance);
        return await projection.CatchUpAsync(CancellationToken.None);
    }

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        await using var connection = _storage.Database.Open();
        return (await connection.QueryAsync<T>(sql)).AsList();
    }

    public async ValueTask DisposeAsync()
    {
        Store.Dispose();
        await _storage.DisposeAsync();
        _directory.Dispose();
    }
}
