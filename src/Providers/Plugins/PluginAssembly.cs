using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;
using ControlPlane.Domain.Scaling;

namespace ControlPlane.Providers.Plugins;

/// <summary>One assembly of the plug-in folder: looked at before it is loaded, so that what is wrong with it can be said in plain words.</summary>
internal static class PluginAssembly
{
    private static readonly AssemblyName Domain = typeof(IScalingPolicy).Assembly.GetName();

    /// <summary>The public classes of an assembly that are policies; none if the assembly is only there because a plug-in needs it.</summary>
    /// <exception cref="PluginRefusedException">The assembly cannot be used.</exception>
    public static IReadOnlyList<Type> Policies(string path)
    {
        var (name, references) = Look(path);
        if (name.Name == Domain.Name || !references.Any(r => r.Name == Domain.Name))
        {
            return [];
        }

        CheckReferences(references);
        try
        {
            var context = new Context(path);
            foreach (var reference in references)
            {
                Require(context, reference);
            }

            return
            [
                .. context.LoadFromAssemblyPath(path).GetExportedTypes()
                    .Where(t => t is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && t.IsAssignableTo(typeof(IScalingPolicy))),
            ];
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or TypeLoadException or ReflectionTypeLoadException or InvalidOperationException)
        {
            throw new PluginRefusedException($"It cannot be loaded: {e.Message}", "Build it again against this version of ControlPlane.Domain.", e);
        }
    }

    private static (AssemblyName Name, IReadOnlyList<AssemblyName> References) Look(string path)
    {
        try
        {
            using var file = new PEReader(File.OpenRead(path));
            if (!file.HasMetadata)
            {
                throw new BadImageFormatException("there is no metadata in it");
            }

            var metadata = file.GetMetadataReader();
            return (
                metadata.GetAssemblyDefinition().GetAssemblyName(),
                [.. metadata.AssemblyReferences.Select(r => metadata.GetAssemblyReference(r).GetAssemblyName())]);
        }
        catch (Exception e) when (e is BadImageFormatException or InvalidOperationException)
        {
            throw new PluginRefusedException($"It is no .NET assembly: {e.Message}.", "Keep only .NET assemblies in the plug-in folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PluginRefusedException($"It cannot be read: {e.Message}", "Make the file readable for the account that runs the node.", e);
        }
    }

    private static void CheckReferences(IReadOnlyList<AssemblyName> references)
    {
        var runtime = Environment.Version;
        if (references.FirstOrDefault(r => r.Name is "System.Runtime" or "System.Private.CoreLib") is { Version: { } wanted } && wanted.Major > runtime.Major)
        {
            throw new PluginRefusedException(
                $"It is built for .NET {wanted.Major}, this node runs on .NET {runtime.Major}.", $"Build it for net{runtime.Major}.0.");
        }

        if (references.First(r => r.Name == Domain.Name).Version is { } built && built > Domain.Version)
        {
            throw new PluginRefusedException(
                $"It is built against {Domain.Name} {built}, this node has {Domain.Version}.", "Build it against the node's version, or update the node.");
        }
    }

    // Now, and not when the policy first reaches a method that needs it: that may be the first busy Monday.
    private static void Require(Context context, AssemblyName reference)
    {
        try
        {
            context.LoadFromAssemblyName(reference);
        }
        catch (Exception e) when (e is IOException or BadImageFormatException)
        {
            throw new PluginRefusedException(
                $"It needs {reference.Name} {reference.Version}, which is not there.", $"Put {reference.Name}.dll beside it.", e);
        }
    }

    /// <summary>
    /// A plug-in's own world: its dependencies come from beside it, in its versions. ControlPlane.Domain is the node's, else its
    /// <see cref="IScalingPolicy"/> would be another type than ours; and so is what only the node has.
    /// </summary>
    private sealed class Context(string path) : AssemblyLoadContext($"plug-in {Path.GetFileName(path)}")
    {
        private readonly AssemblyDependencyResolver resolver = new(path);

        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name != Domain.Name && resolver.ResolveAssemblyToPath(assemblyName) is { } beside ? LoadFromAssemblyPath(beside) : null;

        protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
            resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } beside ? LoadUnmanagedDllFromPath(beside) : nint.Zero;
    }
}

/// <summary>An assembly cannot be used as a plug-in.</summary>
internal sealed class PluginRefusedException(string message, string fix, Exception? inner = null) : Exception(message, inner)
{
    public string Fix => fix;
}
