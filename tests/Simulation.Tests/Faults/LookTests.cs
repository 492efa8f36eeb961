using System.Text.Json;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Queues;
using ControlPlane.Simulation.Faults;
using ControlPlane.Simulation.Mutations;

namespace ControlPlane.Simulation.Tests.Faults;

/// <summary>A look goes by the instances of which it says nothing new. What it passes over must be nothing.</summary>
public sealed class LookTests
{
    [Fact]
    public void Observe_TellsEachInstanceWhatItWouldLearnIfItWereToldByItself()
    {
        long looks = 0;
        long told = 0;
        Decision<ScalerEvent, ScalerEffect> Compare(ScalerState state, ScalerCommand command, Moment moment)
        {
            var decision = ScalerDecider.Decide(state, command, moment);
            if (command is not ScalerCommand.Observe { Observation: var look } || look.AsOf <= state.Observation?.AsOf)
                return decision;
            looks++;
            foreach (var id in state.Instances.Keys)
            {
                var seen = new InstanceCommand.WorkersSeen([.. look.Workers.Where(w => w.Instance == id)], look.AsOf);
                string[] byItself = [.. OfInstance(ScalerDecider.Decide(state, new ScalerCommand.ForInstance(id, seen), moment), id)];
                string[] byTheLook = [.. OfInstance(decision, id)];
                told += byItself.Length;

                // After the look the policy decides, and may have it leave.
                Assert.Equal(byItself, byTheLook.Take(byItself.Length));
                Assert.All(byTheLook.Skip(byItself.Length), e => Assert.Matches("^(DrainStarted|CancelRequested|Ended)", e));
            }

            return decision;
        }

        for (ulong seed = 900; seed < 912; seed++)
        {
            var result = FaultRun.Run(ScenarioMaker.Make(seed), new FaultRunOptions { Mutation = Mutation.None with { Scaler = Compare } });
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation}");
        }

        Assert.True(looks > 1_000 && told > 100, $"{looks} looks told {told} things: too few to prove anything");
    }

    private static IEnumerable<string> OfInstance(Decision<ScalerEvent, ScalerEffect> decision, InstanceId id) => decision.Events
        .Select(e => e switch
        {
            ScalerEvent.InstanceChanged c when c.Instance == id => c.Event,
            ScalerEvent.InstanceNoticed n when n.Instance == id => n.Event,
            _ => null,
        })
        .Where(e => e is not null)
        .Select(e => e is ITransientEvent ? $"{e}" : $"{e!.GetType().Name} {JsonSerializer.Serialize(e)}");
}
