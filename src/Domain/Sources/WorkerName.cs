using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ControlPlane.Domain.Instances;

namespace ControlPlane.Domain.Sources;

/// <summary>
/// The name under which the worker of one of our instances registers: <c>{prefix}:{pool}:{type}:{machine}</c>, ClearML's own form, and
/// <c>:{slot}</c> behind it where an instance runs several workers. The machine is the platform's own id of it, or our instance's id where a worker
/// is told that. The only place that writes and reads such names.
/// </summary>
/// <param name="Prefix">Names the control plane that started it. Not empty, no colon.</param>
/// <param name="Pool">The pool's name. Not empty, no colon.</param>
/// <param name="Type">The instance type. Not empty, no colon.</param>
/// <param name="Machine">The platform's id of the machine, or the instance's id: a ULID, 26 characters of Crockford's alphabet in upper case. Not empty, no colon.</param>
/// <param name="Slot">The worker's place on its instance, 0 to 255; null where the instance runs a single worker.</param>
public sealed record WorkerName(string Prefix, string Pool, string Type, string Machine, int? Slot = null)
{
    /// <summary>The name of a worker that knows our instance's id.</summary>
    public WorkerName(string prefix, string pool, string type, InstanceId instance, int? slot = null)
        : this(prefix, pool, type, instance.Value, slot)
    {
    }

    /// <summary>The most slots of an instance.</summary>
    public const int MaxSlots = 256;

    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int UlidLength = 26;

    /// <summary>Writes the name.</summary>
    /// <exception cref="ArgumentException">A part is empty or holds a colon, or the slot is out of range: such a name could not be read back.</exception>
    public string Format()
    {
        var name = Slot is { } slot
            ? string.Create(CultureInfo.InvariantCulture, $"{Prefix}:{Pool}:{Type}:{Machine}:{slot}")
            : $"{Prefix}:{Pool}:{Type}:{Machine}";
        return TryParse(name, out var read) && read == this
            ? name
            : throw new ArgumentException($"'{name}' is no worker name: its parts must not be empty or hold a colon, the slot must be 0 to {MaxSlots - 1}.");
    }

    public override string ToString() => Format();

    /// <summary>Our instance's id, where the name has it; null where it has the platform's id of the machine.</summary>
    public InstanceId? Instance => IsUlid(Machine) ? new InstanceId(Machine) : null;

    /// <summary>Reads a name. False for a name of another form. Workers of ClearML's own autoscaler have names of this form too: only the machine tells whose they are.</summary>
    public static bool TryParse(string? name, [NotNullWhen(true)] out WorkerName? worker)
    {
        worker = null;
        var parts = (name ?? "").Split(':');
        if (parts.Length is not (4 or 5) || parts.Any(part => part.Length == 0)) return false;

        int? slot = null;
        if (parts.Length == 5)
        {
            if (!int.TryParse(parts[4], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number >= MaxSlots) return false;
            slot = number;
        }

        worker = new WorkerName(parts[0], parts[1], parts[2], parts[3], slot);
        return true;
    }

    /// <summary>The instance that a worker's name states, or null where it states none: then the worker is another's, or named after its machine.</summary>
    public static InstanceId? InstanceOf(string? name) => TryParse(name, out var worker) ? worker.Instance : null;

    /// <summary>The platform's id of the machine that a worker's name states; null where it states none, or our instance's id in its place.</summary>
    public static string? NativeIdOf(string? name) => PartsOf(name) is { } parts && !IsUlid(parts.Machine) ? parts.Machine : null;

    /// <summary>The machine that a worker's name states, by either id; null for a name of another form.</summary>
    public static string? MachineOf(string? name) => PartsOf(name)?.Machine;

    /// <summary>Pool and machine of a name. What stands behind the machine does not matter: agents append the GPU or the service that they run.</summary>
    internal static (string Pool, string Machine)? PartsOf(string? name)
    {
        var parts = (name ?? "").Split(':', 5);
        return parts.Length >= 4 && parts.All(part => part.Length > 0) ? (parts[1], parts[3]) : null;
    }

    private static bool IsUlid(string text) => text.Length == UlidLength && text[0] <= '7' && text.All(c => Crockford.Contains(c, StringComparison.Ordinal));
}
