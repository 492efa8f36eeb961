using System.Reflection;
using System.Runtime.CompilerServices;

namespace ControlPlane.House.Tests;

/// <summary>The product as it was compiled.</summary>
internal static class Product
{
    public static Assembly AssemblyOf(Project floor) => Assembly.Load(floor.AssemblyName);

    /// <summary>Hand-written types of all floors.</summary>
    public static IEnumerable<Type> Types =>
        from floor in Repository.Floors
        from type in AssemblyOf(floor).GetTypes()
        where !IsGenerated(type)
        select type;

    private static bool IsGenerated(Type type) =>
        type.Name.Contains('<', StringComparison.Ordinal)
        || type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
        || type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), inherit: false)
        || (type.DeclaringType is { } outer && IsGenerated(outer));
}
