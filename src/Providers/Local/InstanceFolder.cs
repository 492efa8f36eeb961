using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;

namespace ControlPlane.Providers.Local;

/// <summary>
/// The state folder of one local instance, and the protocol by which the provider and the worker agree that it runs at most once.
/// <list type="bullet">
/// <item><c>intent.json</c> is there from the folder's first moment: the folder is filled under another name and renamed.</item>
/// <item><c>lock</c> is held by the worker for its whole life, and for a moment by whoever writes <c>ended.json</c>.</item>
/// <item><c>process.json</c> is written by the worker under the lock, once. Whoever finds it there may not start again.</item>
/// <item><c>running.json</c>, <c>exit.json</c>: the worker serves its queue; the worker is about to exit.</item>
/// <item><c>terminate.json</c>: somebody asked for the end. <c>ended.json</c>: no process is left, and none may start.</item>
/// </list>
/// Every file is written once, atomically and durably.
/// </summary>
public sealed class InstanceFolder
{
    private const string IntentFile = "intent.json";
    private const string LockFile = "lock";
    private const string ProcessFile = "process.json";
    private const string RunningFile = "running.json";
    private const string ExitFile = "exit.json";
    private const string TerminateFile = "terminate.json";
    private const string EndedFile = "ended.json";
    private static readonly TimeSpan _lockPace = TimeSpan.FromMilliseconds(20);

    public InstanceFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    public string Path { get; }

    /// <summary>The folder's name.</summary>
    public string Instance => System.IO.Path.GetFileName(Path);

    /// <summary>What the worker says goes here.</summary>
    public string ConsolePath => File("console.log");

    public bool Exists => Directory.Exists(Path);

    /// <summary>Records an intent. If its folder is there already, nothing changes.</summary>
    public static InstanceFolder Record(string root, LocalIntent intent)
    {
        var folder = new InstanceFolder(System.IO.Path.Combine(root, intent.Instance));
        if (folder.Exists)
            return folder;
        var draft = new InstanceFolder(folder.HiddenPath());
        DurableFile.CreateFolder(draft.Path);
        draft.Write(IntentFile, intent, InstanceRecordsContext.Default.LocalIntent);
        try
        {
            Directory.Move(draft.Path, folder.Path);
        }
        catch (IOException) when (folder.Exists)
        {
            // Somebody else recorded the same intent meanwhile: theirs counts.
            Directory.Delete(draft.Path, recursive: true);
        }

        Libc.SyncDirectory(root);
        return folder;
    }

    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is missing or damaged.</exception>
    public LocalIntent ReadIntent() =>
        Read(IntentFile, InstanceRecordsContext.Default.LocalIntent) ?? throw new InvalidDataException($"{File(IntentFile)} is missing");

    /// <summary>The process that the intent became; null if none has started yet.</summary>
    public LocalProcess? ReadProcess() => Read(ProcessFile, InstanceRecordsContext.Default.LocalProcess);

    /// <summary>Since when the worker serves its queue; null while it boots.</summary>
    public LocalMoment? ReadRunning() => Read(RunningFile, InstanceRecordsContext.Default.LocalMoment);

    /// <summary>The worker's last words; null if it still runs, or was killed.</summary>
    public LocalMoment? ReadExit() => Read(ExitFile, InstanceRecordsContext.Default.LocalMoment);

    /// <summary>When somebody first asked for the end; null if nobody did.</summary>
    public LocalMoment? ReadTermination() => Read(TerminateFile, InstanceRecordsContext.Default.LocalMoment);

    public LocalEnd? ReadEnd() => Read(EndedFile, InstanceRecordsContext.Default.LocalEnd);

    /// <summary>Asks for the end. The first request counts; repeating it changes nothing.</summary>
    public void RequestTermination(DateTimeOffset now, string reason)
    {
        if (!System.IO.File.Exists(File(TerminateFile)))
            Write(TerminateFile, new LocalMoment(now, reason), InstanceRecordsContext.Default.LocalMoment);
    }

    /// <summary>
    /// The worker's side: makes the calling process the one process of this instance. Waits up to <paramref name="patience"/> for a lock that somebody
    /// holds for a moment.
    /// </summary>
    /// <returns>The claim, to be kept until the process exits, or the reason why this process must exit at once.</returns>
    public async Task<(InstanceClaim? Claim, string? Refusal)> ClaimAsync(TimeProvider time, TimeSpan patience, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        using var pause = new PeriodicTimer(_lockPace, time);
        SafeFileHandle? handle;
        while ((handle = TryLock()) is null)
        {
            if (ReadProcess() is { } other)
                return (null, $"instance {Instance} runs already as process {other.Identity.Pid}");
            if (time.GetElapsedTime(began) > patience)
                return (null, $"instance {Instance} is locked by another process");
            await pause.WaitForNextTickAsync(cancel);
        }

        try
        {
            if (Refusal(time) is { } refusal)
            {
                handle.Dispose();
                return (null, refusal);
            }

            Write(ProcessFile, new LocalProcess(ProcessTable.Self, time.GetUtcNow()), InstanceRecordsContext.Default.LocalProcess);
            return (new InstanceClaim(this, handle, time), null);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The provider's side: declares the instance ended, if no process holds its lock. <paramref name="end"/> is asked under the lock, with the process that
    /// ran, and answers null if something of the instance is still alive.
    /// </summary>
    /// <returns>The end, or null if there is none yet.</returns>
    public LocalEnd? TryEnd(Func<LocalProcess?, LocalEnd?> end)
    {
        if (ReadEnd() is { } known)
            return known;
        using var handle = TryLock();
        if (handle is null)
            return null;
        if (ReadEnd() is { } meanwhile)
            return meanwhile;
        var result = end(ReadProcess());
        if (result is not null)
            Write(EndedFile, result, InstanceRecordsContext.Default.LocalEnd);
        return result;
    }

    /// <summary>The last <paramref name="maxBytes"/> of the console; null if there is none.</summary>
    public async Task<string?> ReadConsoleAsync(int maxBytes, CancellationToken cancel)
    {
        if (!System.IO.File.Exists(ConsolePath))
            return null;
        await using var stream = new FileStream(ConsolePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-Math.Min(maxBytes, stream.Length), SeekOrigin.End);
        var buffer = new byte[Math.Min(maxBytes, stream.Length)];
        var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, read);
    }

    /// <summary>Deletes the folder and all that is in it; whoever looks sees it whole or not at all.</summary>
    public void Delete()
    {
        var hidden = HiddenPath();
        Directory.Move(Path, hidden);
        Directory.Delete(hidden, recursive: true);
    }

    /// <summary>Whether the path is that of a folder in the making or in deletion.</summary>
    internal static bool IsHidden(string path) => System.IO.Path.GetFileName(path).StartsWith('.');

    internal void MarkRunning(DateTimeOffset now) =>
        Write(RunningFile, new LocalMoment(now, "serves its queue"), InstanceRecordsContext.Default.LocalMoment);

    internal void MarkExit(DateTimeOffset now, string message) =>
        Write(ExitFile, new LocalMoment(now, message), InstanceRecordsContext.Default.LocalMoment);

    private string HiddenPath() =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, $".{Instance}.{System.IO.Path.GetRandomFileName()}");

    private string? Refusal(TimeProvider time)
    {
        if (ReadEnd() is { } end)
            return $"instance {Instance} ended at {end.At:O}: {end.Message}";
        if (ReadProcess() is { } earlier)
            return $"instance {Instance} has run already, as process {earlier.Identity.Pid}";
        if (ReadTermination() is not { } termination)
            return null;
        Write(EndedFile, new LocalEnd(time.GetUtcNow(), Requested: true, "ended before it started"), InstanceRecordsContext.Default.LocalEnd);
        return $"instance {Instance} was to be ended at {termination.At:O}, before it started";
    }

    private SafeFileHandle? TryLock() => Libc.TryLock(File(LockFile));

    private string File(string name) => System.IO.Path.Combine(Path, name);

    private T? Read<T>(string file, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(System.IO.File.ReadAllBytes(File(file)), type)
                ?? throw new InvalidDataException($"{File(file)} is damaged: it holds nothing");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{File(file)} is damaged: {e.Message}", e);
        }
    }

    private void Write<T>(string file, T content, JsonTypeInfo<T> type) => DurableFile.Write(File(file), JsonSerializer.SerializeToUtf8Bytes(content, type));
}
