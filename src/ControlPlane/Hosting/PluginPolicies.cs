using System.Collections.Concurrent;
using ControlPlane.Domain.Scaling;
using ControlPlane.Providers.Plugins;
using PolicyAnswer = ControlPlane.Domain.Scaling.PolicyAnswer;

namespace ControlPlane.Hosting;

/// <summary>Asks plug-in policies, each queue its own object, each within a limit.</summary>
public sealed class PluginPolicies(PolicyPlugins plugins, TimeProvider time) : IPolicyRunner
{
    private readonly ConcurrentDictionary<(string Queue, string TypeName), GuardedPolicy> policies = new();

    public async Task<PolicyAnswer> AskAsync(string typeName, Situation situation, CancellationToken cancel)
    {
        if (!policies.TryGetValue((situation.Queue, typeName), out var policy))
        {
            if (!plugins.TryCreate(typeName, time, null, out var created))
                return new PolicyAnswer(null, $"no plug-in has a policy {typeName}; there {(plugins.Names.Count == 0 ? "is none" : $"are {string.Join(", ", plugins.Names)}")}");
            policy = policies.GetOrAdd((situation.Queue, typeName), created);
        }

        var answer = await policy.AdviseAsync(situation, cancel).ConfigureAwait(false);
        return new PolicyAnswer(answer.Advice, answer.Failure);
    }
}
