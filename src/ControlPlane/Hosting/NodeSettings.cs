using ControlPlane.Actors.Storage;
using ControlPlane.Security;

namespace ControlPlane.Hosting;

/// <summary>Where a node's settings come from, and what of them a command needs that works on the node's database without the node.</summary>
internal static class NodeSettings
{
    /// <summary>
    /// The variable that names a folder whose files are settings: the file <c>Storage__ConnectionString</c> holds <c>Storage:ConnectionString</c>. So container engines hand
    /// out secrets.
    /// </summary>
    public const string FolderVariable = "CONTROLPLANE_SETTINGS_FOLDER";

    /// <summary>Adds the folder of settings, if one is named, the environment and the command line; the later ones win.</summary>
    /// <exception cref="InvalidOperationException">The folder is not there.</exception>
    public static IConfigurationBuilder AddNodeSettings(this IConfigurationBuilder configuration, string[] arguments)
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder)
        {
            if (!Directory.Exists(folder))
                throw new InvalidOperationException($"{FolderVariable} is '{folder}', and there is no such folder.");
            configuration.AddKeyPerFile(Path.GetFullPath(folder), optional: false);
        }

        return configuration.AddEnvironmentVariables("CONTROLPLANE_").AddCommandLine(arguments);
    }

    /// <summary>The tables of tokens and audit in the database of a node with these settings. The caller disposes it.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Settings are faulty; it holds all faults.</exception>
    public static SecurityDatabase OpenDatabase(string[] arguments)
    {
        var configuration = new ConfigurationBuilder().SetBasePath(AppContext.BaseDirectory).AddJsonFile("appsettings.json", optional: true).AddNodeSettings(arguments);
        var settings = new Settings(configuration.Build());
        var node = settings.Read<NodeOptions>(NodeOptions.Section);
        configuration.AddInMemoryCollection([KeyValuePair.Create($"{StorageOptions.Section}:{nameof(StorageOptions.Path)}", (string?)node.DataFolder)]);
        settings = new Settings(configuration.Build());
        var storage = settings.Read<StorageOptions>(StorageOptions.Section);
        settings.ThrowIfFaulty();
        return new SecurityDatabase(NodeHost.DatabaseOf(storage), NodeHost.QueueDatabase(node, storage));
    }
}
