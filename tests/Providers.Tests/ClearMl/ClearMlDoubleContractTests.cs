using ControlPlane.ClearMlDouble;

namespace ControlPlane.Providers.Tests.ClearMl;

public sealed class ClearMlDoubleContractTests : ClearMlSourceContract
{
    private readonly ClearMlServer server = new();

    protected override async Task<string> StartAsync() => (await server.StartAsync()).Url;

    protected override async Task StopAsync() => await server.DisposeAsync();
}
