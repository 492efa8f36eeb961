using ControlPlane.Cli;
using ControlPlane.Worker;

// A worker has to be up in a moment: it gets by without the rest of the program.
if (args is ["worker", .. var workerArguments])
    return await WorkerProgram.RunAsync(workerArguments);

return await CommandLine.InvokeAsync(args, CommandParts.OfProcess());
