using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ControlPlane.Domain.Instances;

namespace ControlPlane.Domain.Sources;

/// <summary>
/// The name under which the worker of one of our instances registers: <c>{prefix}:{pool}:{type}:{instance}</c>, ClearML's own form, and
/// <c>:{slot}</c> behind it where an instance runs several workers. The only place that writes and reads such names.
/// </summary>
/// <param name="Prefix">Names the control plane that started it. Not empty, no colon.</param>
/// <param name="Pool">The pool's name. Not empty, no colon.</param>
/// <param name="Type">The instance type. Not empty, no colon.</param>
/// <param name="Instance">A ULID: 26 characters of Crockford's alphabet in upper case.</param>
/// <param name="Slot">The worker's place on its instance, 0 to 255; null where the instance runs a single worker.</param>
public sealed record WorkerName(string Prefix, string Pool, string Type, InstanceId Instance, int? Slot = null)
{
    /// <summary>The most slots of an instance.</summary>
    public const int MaxSlots = 256;

    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int UlidLength = 26;

    /// <summary>Writes the name.</summary>
    /// <exception cref="ArgumentException">A part is empty or holds a colon, the instance is no ULID, or the slot is out of range: such a name could not be read back.</exception>
    public string Format()
    {
        var name = Slot is { } slot
            ? string.Create(CultureInfo.InvariantCulture, $"{Prefix}:{Pool}:{Type}:{Instance.Value}:{slot}")
            : $"{Prefix}:{Pool}:{Type}:{Instance.Value}";
        return TryParse(name, out var read) && read == this
            ? name
            : throw new ArgumentException($"'{name}' is no worker name: its parts must not be empty or hold a colon, the instance must be a ULID, the slot 0 to {MaxSlots - 1}.");
    }

    public override string ToString() => Format();

    /// <summary>Reads a name. False for every worker that we did not start: its name then says nothing to us.</summary>
    public static bool TryParse(string? name, [NotNullWhen(true)] out WorkerName? worker)
    {
        worker = null;
        var parts = (name ?? "").Split(':');
        if (parts.Length is not (4 or 5) || parts.Any(part => part.Length == 0) || !IsUlid(parts[3])) return false;

        int? slot = null;
        if (parts.Length == 5)
        {
            if (!int.TryParse(parts[4], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number >= MaxSlots) return false;
            slot = number;
        }

        worker = new WorkerName(parts[0], parts[1], parts[2], new InstanceId(parts[3]), slot);
        return true;
    }

    /// <summary>The instance of a worker, or null for a worker that we did not start.</summary>
    public static InstanceId? InstanceOf(string? name) => TryParse(name, out var worker) ? worker.Instance : null;

    private static bool IsUlid(string text) => text.Length == UlidLength && text[0] <= '7' && text.All(c => Crockford.Contains(c, StringComparison.Ordinal));
}
