using Akka.Actor;
using Akka.Hosting;
using ControlPlane.Actors.Budgets;
using ControlPlane.Actors.Catalog;
using ControlPlane.Actors.Clustering;
using ControlPlane.Actors.Providers;
using ControlPlane.Actors.Queues;
using ControlPlane.Actors.Shell;
using ControlPlane.Actors.Sources;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Queues;

namespace ControlPlane.Http;

/// <summary>An entity is there but could not answer now. Asking again is safe.</summary>
public sealed class EntityUnavailableException(string message) : Exception(message)
{
    public EntityUnavailableException()
        : this("")
    {
    }

    public EntityUnavailableException(string message, Exception inner)
        : this(message) => _ = inner;
}

/// <summary>
/// Asks the entities on behalf of a request. An entity that is being moved or starts again is asked again for as long as a request may last: every receiver knows a
/// repeated question. Whoever does not answer in time, or answers that it cannot, ends the request with an exception that <see cref="ApiExceptionHandler"/> makes a
/// 503 of.
/// </summary>
public sealed class EntityAsks(IReadOnlyActorRegistry registry, HttpApiOptions options, TimeProvider time)
{
    /// <summary>A question that was on its way to an entity that moved or to a node that died is lost; after this time it is asked again. Doubles each time.</summary>
    private static readonly TimeSpan TryFor = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest time until a question is asked again. A node that is only slow gets little more to do.</summary>
    private static readonly TimeSpan TryAtMostFor = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Regions _regions = new(registry);

    public Task<ScalerView> ScalerAsync(string queue, CancellationToken cancel) => AskAsync<ScalerRegion, ScalerView>(queue, new ScalerQuery(), cancel);

    public Task<ScalerReply> ScalerAsync(string queue, ScalerCommand command, CancellationToken cancel) => AskAsync<ScalerRegion, ScalerReply>(queue, command, cancel);

    public Task<GuestAnswer> GuestAsync(string queue, ScalerCommand.AskBootstrap command, CancellationToken cancel) => AskAsync<ScalerRegion, GuestAnswer>(queue, command, cancel);

    public Task<GuestStanding> GuestAsync(string queue, GuestQuery query, CancellationToken cancel) => AskAsync<ScalerRegion, GuestStanding>(queue, query, cancel);

    public Task<AdoptionAnswer> AdoptionAsync(string queue, AdoptionQuery query, CancellationToken cancel) => AskAsync<ScalerRegion, AdoptionAnswer>(queue, query, cancel);

    public Task<AdoptionAnswer> AdoptionAsync(string queue, ScalerCommand.Adopt command, CancellationToken cancel) => AskAsync<ScalerRegion, AdoptionAnswer>(queue, command, cancel);

    public async Task<SourceSpec?> SourceAsync(string source, CancellationToken cancel) =>
        (await AnsweredAsync<SourceAnswer>(limit => _regions.AskCatalogAsync<object>(new SourceQuery(source), limit, cancel), TryFor, options.AskTimeout, cancel).ConfigureAwait(false)).Source;

    public Task<LedgerView> LedgerAsync(string root, CancellationToken cancel) => AskAsync<LedgerRegion, LedgerView>(root, new LedgerQuery(), cancel);

    public Task<GatewayView> GatewayAsync(string provider, CancellationToken cancel) => AskAsync<GatewayRegion, GatewayView>(provider, new GatewayQuery(), cancel);

    public Task<WatcherView> WatcherAsync(string source, CancellationToken cancel) => AskAsync<WatcherRegion, WatcherView>(source, new WatcherQuery(), cancel);

    public Task<CatalogView> CatalogAsync(CancellationToken cancel) =>
        AnsweredAsync<CatalogView>(limit => _regions.AskCatalogAsync<object>(new CatalogQuery(), limit, cancel), TryFor, options.AskTimeout, cancel);

    public Task<CatalogStatus> CatalogStatusAsync(CancellationToken cancel) =>
        AnsweredAsync<CatalogStatus>(limit => _regions.AskCatalogAsync<object>(new CatalogStatusQuery(), limit, cancel), TryFor, options.AskTimeout, cancel);

    public Task<CatalogReply> ApplyAsync(CatalogCommand.Apply command, CancellationToken cancel) =>
        AnsweredAsync<CatalogReply>(limit => _regions.AskCatalogAsync<object>(command, limit, cancel), options.AskTimeout, options.AskTimeout, cancel);

    /// <summary>When the scaler of a queue has answered; null if it did not within this time.</summary>
    public async Task<TimeSpan?> AnswersAsync(string queue, TimeSpan within, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        try
        {
            await AnsweredAsync<ScalerView>(limit => _regions.AskAsync<ScalerRegion, object>(queue, new ScalerQuery(), limit, cancel), TryFor, within, cancel).ConfigureAwait(false);
            return time.GetElapsedTime(started);
        }
        catch (Exception fault) when (fault is AskTimeoutException or EntityUnavailableException)
        {
            return null;
        }
    }

    /// <summary>How the shards are spread over the nodes.</summary>
    public Task<IReadOnlyList<RegionShards>> ShardsAsync(CancellationToken cancel) => _regions.ShardsAsync(TryAtMostFor, cancel);

    private Task<T> AskAsync<TRegion, T>(string entity, object message, CancellationToken cancel) =>
        AnsweredAsync<T>(limit => _regions.AskAsync<TRegion, object>(entity, message, limit, cancel), TryFor, options.AskTimeout, cancel);

    private async Task<T> AnsweredAsync<T>(Func<TimeSpan, Task<object>> ask, TimeSpan tryFor, TimeSpan within, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var left = within - time.GetElapsedTime(started);
            try
            {
                var answer = await ask(left < tryFor ? left : tryFor).ConfigureAwait(false);
                if (answer is not ShellRefusal { Reason: not RefusalReason.Overloaded } || within - time.GetElapsedTime(started) <= Pause)
                    return Expect<T>(answer);
                await time.DelayAsync(Pause, cancel).ConfigureAwait(false);
            }
            catch (AskTimeoutException) when (within - time.GetElapsedTime(started) > Pause)
            {
                // The time that is left is for another try.
                tryFor = tryFor * 2 < TryAtMostFor ? tryFor * 2 : TryAtMostFor;
            }
        }
    }

    private static T Expect<T>(object answer) => answer switch
    {
        T expected => expected,
        ShellRefusal { Reason: RefusalReason.NotPersisted } r => throw new EntityUnavailableException($"{r.Entity} could not write to the journal; whether the request took effect is not known. Ask again."),
        ShellRefusal { Reason: RefusalReason.Restarting } r => throw new EntityUnavailableException($"{r.Entity} is starting again after a failure. Ask again."),
        ShellRefusal { Reason: RefusalReason.Stopping } r => throw new EntityUnavailableException($"{r.Entity} is being moved to another node. Ask again."),
        ShellRefusal { Reason: RefusalReason.Overloaded } r => throw new EntityUnavailableException($"{r.Entity} has too many requests waiting. Ask again later."),
        _ => throw new System.Diagnostics.UnreachableException($"An entity answered with {answer.GetType().Name} where {typeof(T).Name} was expected."),
    };
}
