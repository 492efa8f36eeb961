using System.Reflection;

namespace ControlPlane.Cli;

/// <summary>The version of this build.</summary>
internal static class VersionText
{
    /// <summary>With the commit, where the build knew it.</summary>
    public static string Full { get; } = typeof(VersionText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static string Number { get; } = Full.Split('+')[0];
}
