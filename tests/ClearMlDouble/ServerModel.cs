using System.Globalization;

namespace ControlPlane.ClearMlDouble;

/// <summary>A queue as the server keeps it.</summary>
public sealed class ModelQueue(string id, string name, DateTimeOffset created)
{
    public string Id => id;

    public string Name { get; set; } = name;

    public DateTimeOffset Created => created;

    /// <summary>The user interface hides it, and lists too, unless they are asked for hidden ones.</summary>
    public bool Hidden { get; set; }

    public List<(string Task, DateTimeOffset Added)> Entries { get; } = [];
}

/// <summary>A task as the server keeps it.</summary>
public sealed class ModelTask(string id, string name, DateTimeOffset created)
{
    public string Id => id;

    public string Name => name;

    public DateTimeOffset Created { get; } = created;

    public string Status { get; set; } = "created";

    public string? StatusReason { get; set; }

    public string? StatusMessage { get; set; }

    public DateTimeOffset StatusChanged { get; set; } = created;

    public DateTimeOffset? Started { get; set; }

    public DateTimeOffset? Completed { get; set; }

    public string? LastWorker { get; set; }

    public DateTimeOffset? LastWorkerReport { get; set; }

    public string? Comment { get; set; }

    /// <summary>The queue that it waits in or came from; a reset forgets it.</summary>
    public string? Queue { get; set; }

    /// <summary>How often it was put into a queue.</summary>
    public int Enqueues { get; set; }

    /// <summary>How often a reset deleted its models: it need not.</summary>
    public int ModelsDeleted { get; set; }
}

/// <summary>A registration. It is not a worker: it lives on for its timeout when the worker has died.</summary>
public sealed class ModelWorker(string id, DateTimeOffset registered, TimeSpan timeout)
{
    public string Id => id;

    public DateTimeOffset Registered { get; } = registered;

    public TimeSpan Timeout => timeout;

    /// <summary>Every report moves it, idle or not.</summary>
    public DateTimeOffset LastActivity { get; set; } = registered;

    public DateTimeOffset? LastReport { get; set; }

    public List<string> Queues { get; set; } = [];

    /// <summary>As last reported.</summary>
    public string? Task { get; set; }

    public string? Ip { get; set; }
}

/// <summary>The server refuses, in ClearML's numbers.</summary>
public sealed class ModelException(int code, int subcode, string message) : Exception(message)
{
    public int Code => code;

    public int Subcode => subcode;
}

/// <summary>
/// What a ClearML server keeps, by its documented behaviour: queues, tasks with their state machine, and registrations that outlive their workers. One lock, no HTTP.
/// </summary>
public sealed class ServerModel(TimeProvider time)
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["created"] = ["queued", "in_progress"],
        ["queued"] = ["created", "in_progress", "stopped"],
        ["in_progress"] = ["stopped", "failed", "created", "completed"],
        ["stopped"] = ["created", "failed", "queued", "in_progress", "completed"],
        ["failed"] = ["created", "stopped", "queued"],
        ["completed"] = ["in_progress", "created"],
    };

    private int _ids;

    public Lock Gate { get; } = new();

    public SortedDictionary<string, ModelQueue> Queues { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ModelTask> Tasks { get; } = [];

    public Dictionary<string, ModelWorker> Workers { get; } = [];

    public DateTimeOffset Now => time.GetUtcNow();

    public ModelQueue AddQueue(string name)
    {
        lock (Gate)
        {
            if (Queues.Values.Any(q => q.Name == name))
                throw new ModelException(400, 801, $"Value combination already exists: name={name}");
            var queue = new ModelQueue(NewId(), name, Now);
            return Queues[queue.Id] = queue;
        }
    }

    public ModelQueue QueueNamed(string name)
    {
        lock (Gate)
            return Queues.Values.Single(q => q.Name == name);
    }

    public ModelTask AddTask(string name)
    {
        lock (Gate)
        {
            var task = new ModelTask(NewId(), name, Now);
            return Tasks[task.Id] = task;
        }
    }

    /// <summary>A task that waits in the queue.</summary>
    public ModelTask Submit(string queue, string name = "train")
    {
        lock (Gate)
        {
            var task = AddTask(name);
            Enqueue(task.Id, QueueNamed(queue).Id, null, null);
            return task;
        }
    }

    public ModelQueue Queue(string? id) => id is not null && Queues.TryGetValue(id, out var queue) ? queue : throw new ModelException(400, 701, $"Invalid queue id: id={id}");

    public ModelTask Task(string? id) => id is not null && Tasks.TryGetValue(id, out var task) ? task : throw new ModelException(400, 101, $"Invalid task id: id={id}");

    /// <summary>The registrations that last.</summary>
    public IReadOnlyList<ModelWorker> Registered()
    {
        lock (Gate)
        {
            foreach (var over in Workers.Values.Where(w => w.Timeout < Now - (w.LastReport ?? w.Registered)).ToArray())
                Workers.Remove(over.Id);
            return [.. Workers.Values];
        }
    }

    public void Register(string worker, IEnumerable<string> queues, int? timeoutSeconds, string? ip)
    {
        lock (Gate)
        {
            string[] ids = [.. queues];
            foreach (var id in ids)
                Queue(id);
            Workers[worker] = new ModelWorker(worker, Now, TimeSpan.FromSeconds(timeoutSeconds ?? 600)) { Queues = [.. ids], Ip = ip };
        }
    }

    public void Unregister(string worker)
    {
        lock (Gate)
        {
            if (!Workers.Remove(worker))
                throw new ModelException(400, 1004, $"Worker is not registered: worker={worker}");
        }
    }

    public void Report(string worker, string? task, IReadOnlyList<string>? queues)
    {
        lock (Gate)
        {
            if (Registered().FirstOrDefault(w => w.Id == worker) is not { } entry)
                throw new ModelException(400, 1001, $"Invalid worker id: worker={worker}");
            entry.LastActivity = Now;
            if (queues is { Count: > 0 })
                entry.Queues = [.. queues];
            if (!string.IsNullOrEmpty(task))
            {
                var running = Task(task);
                running.LastWorker = worker;
                running.LastWorkerReport = Now;
            }

            entry.Task = string.IsNullOrEmpty(task) ? null : task;
            entry.LastReport = Now;
        }
    }

    /// <summary>The entry leaves the queue; the task's status is as before until somebody says that it has started.</summary>
    public (string Task, DateTimeOffset Added)? Next(string queue)
    {
        lock (Gate)
        {
            var entries = Queue(queue).Entries;
            if (entries.Count == 0)
                return null;
            var first = entries[0];
            entries.RemoveAt(0);
            return first;
        }
    }

    public void Enqueue(string id, string? queue, string? reason, string? message)
    {
        lock (Gate)
        {
            var task = Task(id);
            var target = Queue(queue ?? Queues.Values.FirstOrDefault()?.Id);
            if (target.Entries.Any(e => e.Task == id))
                throw new ModelException(400, 706, $"Task already queued: task={id}");
            Change(task, "queued", false, reason, message);
            foreach (var other in Queues.Values)
                other.Entries.RemoveAll(e => e.Task == id);
            target.Entries.Add((id, Now));
            task.Queue = target.Id;
            task.Enqueues++;
        }
    }

    public void MoveToFront(string queue, string task)
    {
        lock (Gate)
        {
            var entries = Queue(queue).Entries;
            var index = entries.FindIndex(e => e.Task == task);
            if (index < 0)
                throw new ModelException(400, 705, $"Invalid queue id or task not queued: queue={queue}, task={task}");
            var entry = entries[index];
            entries.RemoveAt(index);
            entries.Insert(0, entry);
        }
    }

    public void Dequeue(string id)
    {
        lock (Gate)
        {
            var task = Task(id);
            if (Queues.Values.Sum(q => q.Entries.RemoveAll(e => e.Task == id)) == 0)
                throw new ModelException(400, 703, $"Task is not queued: task={id}");
            Change(task, "created", true, null, null);
        }
    }

    public void Reset(string id, bool force, bool deleteModels)
    {
        lock (Gate)
        {
            var task = Task(id);
            foreach (var queue in Queues.Values)
                queue.Entries.RemoveAll(e => e.Task == id);
            Change(task, "created", force, "reset", "reset");
            task.LastWorker = null;
            task.LastWorkerReport = null;
            task.Started = null;
            task.Completed = null;
            task.Queue = null;
            task.ModelsDeleted += deleteModels ? 1 : 0;
        }
    }

    public void Change(ModelTask task, string status, bool force, string? reason, string? message)
    {
        lock (Gate)
        {
            if (!force && task.Status != status && !Allowed[task.Status].Contains(status))
                throw new ModelException(400, 110, $"Invalid task status: current_status={task.Status}, new_status={status}");
            task.Status = status;
            task.StatusReason = reason;
            task.StatusMessage = message;
            task.StatusChanged = Now;
            if (status == "in_progress")
                task.Started = Now;
            if (status is "completed" or "failed" or "stopped")
                task.Completed = Now;
        }
    }

    private string NewId() => (++_ids).ToString("x32", CultureInfo.InvariantCulture);
}
