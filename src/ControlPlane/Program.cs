using ControlPlane.Worker;

if (args is ["worker", .. var workerArguments])
    return await WorkerProgram.RunAsync(workerArguments);

return 0;
