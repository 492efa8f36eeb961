using System.Net;
using System.Runtime.InteropServices;
using ControlPlane.Providers.Local;

namespace ControlPlane.Worker;

/// <summary>The entry of <c>controlplane worker</c>. Touches nothing of the rest of the host, so that a worker is up in a moment and small.</summary>
public static class WorkerProgram
{
    /// <summary>The variable that holds the API token.</summary>
    public const string TokenVariable = "CONTROLPLANE_TOKEN";

    /// <summary>The exit code for a wrong command line.</summary>
    public const int UsageExitCode = 2;

    /// <summary>The exit code of a second process for an instance, or of one whose instance has ended.</summary>
    public const int RefusedExitCode = 75;

    private static readonly TimeSpan _claimPatience = TimeSpan.FromSeconds(3);

    /// <param name="arguments">What follows the verb.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is ["--help" or "-h"])
        {
            Console.WriteLine(WorkerArguments.Usage);
            return 0;
        }

        var (options, fault) = WorkerArguments.Parse(arguments, Environment.GetEnvironmentVariable(TokenVariable));
        if (options is null)
        {
            await Console.Error.WriteLineAsync($"controlplane worker: {fault}\n\n{WorkerArguments.Usage}");
            return UsageExitCode;
        }

        return options is { Instance: not null, State: not null } ? await RunInstanceAsync(options, options.State) : await RunAgentAsync(options, null);
    }

    private static async Task<int> RunInstanceAsync(WorkerOptions options, string state)
    {
        // First of all: whoever ends the group of our parent must not end us.
        ProcessTable.BecomeSessionLeader();
        var folder = new InstanceFolder(state);
        var (claim, refusal) = await folder.ClaimAsync(TimeProvider.System, _claimPatience, CancellationToken.None);
        if (claim is null)
        {
            await Console.Error.WriteLineAsync($"controlplane worker: {refusal}");
            return RefusedExitCode;
        }

        using (claim)
        {
            var code = await RunAgentAsync(options, claim);
            claim.MarkExit(code == WorkerAgent.OrphanedExitCode ? "the worker could not reach its server and ended itself" : "the worker ended");
            return code;
        }
    }

    private static async Task<int> RunAgentAsync(WorkerOptions options, InstanceClaim? claim)
    {
        using var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = options.RequestTimeout,
            // A server that moved is found again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        using var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var agent = new WorkerAgent(http, TimeProvider.System, Console.Out, claim);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        return await agent.RunAsync(options, CancellationToken.None);

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            agent.RequestStop();
        }
    }
}
