using System.Diagnostics;
using System.Runtime.InteropServices;
using ControlPlane.Providers.Local;

namespace ControlPlane.Providers.Tests.Local;

/// <summary>The least that a local instance's process must be: it keeps to the folder's protocol, and does nothing else. Started as this test program itself.</summary>
internal static class StandInWorker
{
    public const string Verb = "stand-in";

    /// <summary>Not a worker but a node, which launches an instance in the given root and is killed by SIGKILL after it.</summary>
    public const string NodeVerb = "node";

    /// <summary>Serves until SIGTERM.</summary>
    public const string Serve = "serve";

    /// <summary>Ignores SIGTERM, and has two children that do so too, one of them in a session of its own.</summary>
    public const string Stubborn = "stubborn";

    /// <summary>Ends by itself at once.</summary>
    public const string Quit = "quit";

    /// <summary>The command that starts it.</summary>
    public static IReadOnlyList<string> Command(string behaviour) => ["dotnet", typeof(StandInWorker).Assembly.Location, Verb, behaviour];

    public static async Task<int> Main(string[] args)
    {
        if (args is [NodeVerb, var root])
            return await LocalProviderTests.LaunchAndDieAsync(root);
        if (args is not [Verb, var behaviour, ..])
            return 2;
        ProcessTable.BecomeSessionLeader();
        var (claim, refusal) = await new InstanceFolder(args[Array.IndexOf(args, "--state") + 1])
            .ClaimAsync(TimeProvider.System, TimeSpan.FromSeconds(3), CancellationToken.None);
        Console.WriteLine(refusal ?? $"claimed by process {Environment.ProcessId}");
        if (claim is null)
            return 75;
        var stop = new TaskCompletionSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            if (behaviour != Stubborn)
                stop.TrySetResult();
        });
        if (behaviour == Stubborn)
        {
            Process.Start("/bin/sh", ["-c", "trap '' TERM; while :; do sleep 1; done"]);
            Process.Start("setsid", ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
        }

        claim.MarkRunning();
        if (behaviour != Quit)
            await stop.Task;
        claim.MarkExit($"done ({behaviour})");
        claim.Dispose();
        return 0;
    }
}
