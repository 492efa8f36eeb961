using System.Diagnostics.CodeAnalysis;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Providers.Plugins;

/// <summary>
/// The policies found in the plug-in folder, by their full type names. Read once, at start: a changed plug-in counts from the next start on.
/// </summary>
public sealed class PolicyPlugins
{
    private readonly IReadOnlyDictionary<string, Type> policies;

    private PolicyPlugins(IReadOnlyDictionary<string, Type> policies, IReadOnlyList<PluginFault> faults)
    {
        this.policies = policies;
        Faults = faults;
    }

    public static PolicyPlugins None { get; } = new(new Dictionary<string, Type>(), []);

    /// <summary>Full type names of the policies that can be used, sorted.</summary>
    public IReadOnlyList<string> Names => [.. policies.Keys.Order(StringComparer.Ordinal)];

    /// <summary>What could not be used, and why. The rest works without it.</summary>
    public IReadOnlyList<PluginFault> Faults { get; }

    /// <summary>Loads every <c>*.dll</c> directly in a folder. A folder that does not exist holds no plug-ins.</summary>
    public static PolicyPlugins Load(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return None;
        }

        var found = new List<(string Assembly, Type Policy)>();
        var faults = new List<PluginFault>();
        foreach (var path in Directory.EnumerateFiles(Path.GetFullPath(folder), "*.dll").Order(StringComparer.Ordinal))
        {
            try
            {
                found.AddRange(PluginAssembly.Policies(path).Select(policy => (path, policy)));
            }
            catch (PluginRefusedException e)
            {
                faults.Add(new PluginFault(path, e.Message, e.Fix));
            }
        }

        var policies = new Dictionary<string, Type>(StringComparer.Ordinal);
        foreach (var sameName in found.GroupBy(f => f.Policy.FullName!, StringComparer.Ordinal))
        {
            // Which of two rules spends the money must not depend on the order of file names: neither is used.
            if (sameName.Count() > 1)
            {
                faults.AddRange(sameName.Select(f => new PluginFault(
                    f.Assembly,
                    $"The class {sameName.Key} is also in {string.Join(", ", sameName.Where(o => o != f).Select(o => Path.GetFileName(o.Assembly)))}.",
                    "Remove one of them, or give it another name.")));
            }
            else if (sameName.Single() is var (assembly, policy) && policy.GetConstructor(Type.EmptyTypes) is null)
            {
                faults.Add(new PluginFault(assembly, $"The class {sameName.Key} has no public constructor without parameters.", "Give it one."));
            }
            else
            {
                policies.Add(sameName.Key, sameName.Single().Policy);
            }
        }

        return new PolicyPlugins(policies, faults);
    }

    public bool Has(string typeName) => policies.ContainsKey(typeName);

    /// <summary>A new, guarded policy; make one for each queue. It is constructed when first asked.</summary>
    /// <param name="typeName">Full name of the policy's type.</param>
    /// <param name="time">Measures the limit.</param>
    /// <param name="limit">How long an evaluation may take; null for <see cref="GuardedPolicy.DefaultLimit"/>.</param>
    /// <param name="policy">The policy; null if there is none of that name.</param>
    public bool TryCreate(string typeName, TimeProvider time, TimeSpan? limit, [NotNullWhen(true)] out GuardedPolicy? policy)
    {
        policy = policies.TryGetValue(typeName, out var type)
            ? new GuardedPolicy(typeName, () => Construct(type), time, limit ?? GuardedPolicy.DefaultLimit)
            : null;
        return policy is not null;
    }

    // DoNotWrap: the constructor's own exception says more than "the target of an invocation threw".
    private static IScalingPolicy Construct(Type type) => (IScalingPolicy)Activator.CreateInstance(
        type, System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.DoNotWrapExceptions, null, null, null)!;
}

/// <summary>Why an assembly, or a class in it, is not used.</summary>
/// <param name="Assembly">The file's path.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Fix">What to do about it.</param>
public sealed record PluginFault(string Assembly, string Message, string Fix)
{
    public override string ToString() => $"{Assembly}: {Message} {Fix}";
}
