using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Scaling;
using ControlPlane.Providers.Plugins;

namespace ControlPlane.Catalog;

/// <summary>
/// A queue may only ask for a plug-in policy that this node has: a name that nobody knows would leave the queue as it is for ever. Checked where a document comes in, because
/// plug-ins are files beside the node, which the pure rules cannot see.
/// </summary>
internal static class PluginRules
{
    /// <summary>A fault for each queue whose policy no plug-in has; empty if there is none.</summary>
    public static IReadOnlyList<ConfigurationFault> Check(Configuration configuration, PolicyPlugins plugins)
    {
        var faults = new List<ConfigurationFault>();
        for (var i = 0; i < configuration.Queues.Count; i++)
        {
            if (configuration.Queues[i].Policy is PolicySpec.Plugin plugin && !plugins.Has(plugin.TypeName))
            {
                faults.Add(new ConfigurationFault(
                    $"queues[{i}].policy.class",
                    $"No plug-in of this node has a policy '{plugin.TypeName}'.",
                    plugins.Names.Count == 0
                        ? "Put its assembly into the plug-in folder and restart the node, or take another policy."
                        : $"Write one of: {string.Join(", ", plugins.Names)}; or put its assembly into the plug-in folder and restart the node."));
            }
        }

        return faults;
    }
}
