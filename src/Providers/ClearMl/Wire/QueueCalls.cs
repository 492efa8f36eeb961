using System.Text.Json.Serialization;

namespace ControlPlane.Providers.ClearMl.Wire;

/// <summary><c>queues.get_all</c> and <c>queues.get_all_ex</c>.</summary>
public sealed record QueuesGetAllRequest
{
    /// <summary>Patterns (regular expressions, found anywhere in the name). ClearML takes one; a list is our extension: any may match.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string>? Name { get; init; }

    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string>? Id { get; init; }

    public IReadOnlyList<string>? OnlyFields { get; init; }

    public int? Page { get; init; }

    public int? PageSize { get; init; }

    public int? Size { get; init; }

    public string? ScrollId { get; init; }

    public int? MaxTaskEntries { get; init; }
}

public sealed record QueuesGetAllResponse(IReadOnlyList<WireQueue> Queues);

public sealed record QueuesGetAllExResponse(IReadOnlyList<WireQueueEx> Queues);

public sealed record WireQueue
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public DateTimeOffset? Created { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyList<string> SystemTags { get; init; } = [];

    /// <summary>In the order in which they will be given out; absent where <c>only_fields</c> leaves it out.</summary>
    public IReadOnlyList<WireQueueEntry>? Entries { get; init; }
}

public sealed record WireQueueEntry(string Task, DateTimeOffset Added);

/// <summary>A queue with the names of its tasks and the workers that serve it.</summary>
public sealed record WireQueueEx
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public DateTimeOffset? Created { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyList<string> SystemTags { get; init; } = [];

    public IReadOnlyList<WireQueueEntryEx>? Entries { get; init; }

    public IReadOnlyList<WireQueueWorker>? Workers { get; init; }
}

public sealed record WireQueueEntryEx(WireIdName Task, DateTimeOffset Added);

public sealed record WireQueueWorker(string Name, string? Ip, WireIdName? Task);

public sealed record WireIdName(string Id, string Name);

/// <summary>Calls that name a queue: <c>get_by_id</c>, <c>get_num_entries</c>, <c>peek_task</c>, and <c>get_next_task</c>.</summary>
public sealed record QueueRequest
{
    public string? Queue { get; init; }

    /// <summary>Our extension of <c>get_next_task</c>: who asks. The header <c>X-ControlPlane-Worker</c> says the same.</summary>
    public string? Worker { get; init; }

    public int? MaxTaskEntries { get; init; }
}

public sealed record QueueResponse(WireQueue Queue);

public sealed record QueueNumEntriesResponse(int Num);

public sealed record QueueNextTaskResponse(WireQueueEntry? Entry);

public sealed record QueuePeekTaskResponse(string? Task);

public sealed record QueueCreateRequest
{
    public string? Name { get; init; }
}

public sealed record IdResponse(string Id);

/// <summary><c>queues.add_task</c> and <c>queues.remove_task</c>.</summary>
public sealed record QueueTaskRequest
{
    public string? Queue { get; init; }

    public string? Task { get; init; }
}

public sealed record QueueAddTaskResponse(int Added);

public sealed record QueueRemoveTaskResponse(int Removed);

/// <summary><see cref="Position"/> 0 is the front.</summary>
public sealed record QueuePositionResponse(int Position);
