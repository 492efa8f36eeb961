using System.CommandLine;
using System.Text.Json.Nodes;

namespace ControlPlane.Cli;

/// <summary><c>adopt queue</c>: take over machines that another autoscaler started.</summary>
internal static class AdoptVerb
{
    /// <summary>How long a queue that was just applied may take to be looked at for the first time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Build(Verbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "The queue." };
        var machines = new Option<string[]>("--machine") { Description = "Only this machine, by its platform's id. May be repeated. Left out: all that serve the queue and have a pool here.", HelpName = "ID" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print what would be taken over, and take over nothing." };
        return Verbs.Group("adopt", "Take over machines that another autoscaler started.", verbs.Make(
            "queue",
            "Take over the machines whose workers serve a queue. Stop the other autoscaler first.",
            async (i, cancel) =>
            {
                using var api = i.Connect();
                Print(i, i.Value(name), await AskAsync(api, i.Value(name), i.Value(machines) ?? [], i.Value(dryRun), cancel));
                return ExitCode.Ok;
            },
            name, machines, dryRun));
    }

    /// <summary>Takes over all that a queue of a document that was just applied can: it is asked again until the queue was looked at.</summary>
    public static async Task TakeOverAsync(Invocation i, ApiClient api, string queue, CancellationToken cancel)
    {
        var until = i.Time.GetUtcNow() + Patience;
        while (true)
        {
            try
            {
                Print(i, queue, await AskAsync(api, queue, [], dryRun: false, cancel));
                return;
            }
            catch (RefusedException refused) when (refused.Problem.Status is 404 or 409 && i.Time.GetUtcNow() < until)
            {
                await i.Time.PauseAsync(Pause, cancel);
            }
        }
    }

    private static Task<JsonNode?> AskAsync(ApiClient api, string queue, string[] machines, bool dryRun, CancellationToken cancel) => api.PostAsync(
        $"/api/v1/queues/{Uri.EscapeDataString(queue)}/adopt", new JsonObject { ["machines"] = new JsonArray([.. machines.Select(m => (JsonNode?)m)]), ["dryRun"] = dryRun }, cancel);

    private static void Print(Invocation i, string queue, JsonNode? answer)
    {
        var machines = answer.Items("machines").ToList();
        foreach (var machine in machines)
        {
            var what = (machine.Text("refusal"), machine.Text("instance")) switch
            {
                ({ } refusal, _) => $"is left alone: {refusal}",
                (_, { } instance) => $"becomes instance {instance} of pool {machine.Text("pool")}",
                _ => $"would become an instance of pool {machine.Text("pool")}",
            };
            i.Say($"{machine.Text("nativeId")}{(machine.Flag("busy") ? " (busy)" : "")} {what}.");
        }

        if (machines.Count == 0)
            i.Say($"No machine of another autoscaler serves queue {queue}.");
    }
}
