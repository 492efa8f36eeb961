using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

/// <summary>Machines of another autoscaler are taken over: each once, on prepaid time, and never with a launch in their place.</summary>
public sealed class AdoptionTests
{
    private readonly ScalerSubject scaler = ScalerSubject.With(QueueOf(
        Pool("gpu", 2, offers: [Offer("g5.xlarge", worst: 2m), Offer("g4dn.xlarge")]), Pool("small-machines", 1, offers: [Offer("m5.large")])) with
    { Paused = true });

    private InstanceState Only => Assert.Single(scaler.Instances);

    [Fact]
    public void Adopt_WorkerOfAnotherAutoscaler_BecomesAnInstanceOnPrepaidTime()
    {
        Foreign("dynamic:gpu:g4dn.xlarge:i-1", "i-1");
        var choice = Assert.Single(Adopt().Choices);
        Assert.Equal(("i-1", "gpu", Only.Id, (string?)null), (choice.NativeId, choice.Pool, choice.Instance, choice.Refusal));
        Assert.Equal(Phase.Requested, Only.Phase);

        // No money, no machine: it is not touched before its lease is there.
        Assert.DoesNotContain(scaler.Machine.Owed, e => e is ScalerEffect.OfInstance { Effect: InstanceEffect.AskGateway });
        scaler.Grant(Only.Id);
        var asked = Assert.IsType<GatewayCommand.Launch>(Assert.Single(scaler.Machine.Owed.OfType<ScalerEffect.OfInstance>().Select(e => e.Effect).OfType<InstanceEffect.AskGateway>()).Command);
        Assert.Equal(("i-1", "g4dn.xlarge"), (asked.Intent.Adopts, asked.Offer.Type));

        // It has run for days, and its past is not paid for here.
        scaler.After(Minutes(1));
        scaler.Tell(Only.Id, new InstanceCommand.LaunchAnswered(1, new LaunchOutcome.Launched(Only.Id, "i-1", scaler.Now.AddDays(-10))));
        Assert.Equal(("i-1", scaler.Now - Minutes(1)), (Only.NativeId, Only.StartedAt));
        Foreign("dynamic:gpu:g4dn.xlarge:i-1", "i-1", "t1");
        Assert.Equal((Phase.Busy, "t1"), (Only.Phase, Assert.Single(Only.Tasks)));
        scaler.Machine.Restart();
        Assert.Equal((Phase.Busy, "i-1"), (Only.Phase, Only.Adopts?.NativeId));
    }

    [Fact]
    public void Adopt_Again_TakesNothingTwice()
    {
        Foreign("dynamic:gpu:g5.xlarge:i-1", "i-1");
        var first = Adopt().Choices[0].Instance;
        Assert.Equal(first, Adopt().Choices[0].Instance);
        scaler.Machine.Restart();
        Foreign("dynamic:gpu:g5.xlarge:i-1", "i-1");
        Assert.Equal(first, Adopt().Choices[0].Instance);
        Assert.Single(scaler.Instances);
    }

    [Fact]
    public void Adopt_WhileThereIsNoDemand_IsNotCancelled()
    {
        Foreign("dynamic:gpu:g5.xlarge:i-1", "i-1");
        Adopt();
        scaler.Look(0);
        scaler.Look(0);
        Assert.Null(Only.Leaving);
    }

    [Theory]
    [InlineData(ProviderFault.Misconfigured)]
    [InlineData(ProviderFault.InsufficientCapacity)]
    public void Adopt_ProviderRefuses_EndsWithoutALaunchAndWithoutBlamingThePool(ProviderFault fault)
    {
        Foreign("dynamic:gpu:g5.xlarge:i-1", "i-1");
        Adopt();
        scaler.Grant(Only.Id);
        scaler.Refuse(Only.Id, fault);
        Assert.Equal((Phase.Ended, Outcome.LaunchFailed, 1), (Only.Phase, Only.Leaving, Only.Attempt));
        Assert.Empty(scaler.State.Breakers);
        Assert.Empty(scaler.State.Blackouts);
    }

    [Fact]
    public void Adopt_MachineShownFirstByASweep_CountsFromThenOn()
    {
        Foreign("dynamic:gpu:g5.xlarge:i-1", "i-1");
        Adopt();
        scaler.Grant(Only.Id);
        var asked = scaler.Now;
        scaler.After(Seconds(5));
        scaler.Sweep(true, new Machine(Only.Id, Queue, "i-1", MachineState.Running, Now.AddDays(-3), null, MachineEnd.Requested, null));
        Assert.Equal((Phase.Booting, asked), (Only.Phase, Only.StartedAt));
    }

    [Fact]
    public void Candidates_PoolsAreFoundByNameThenByType_AndAFullPoolTakesNoMore()
    {
        scaler.Foreign.AddRange(
        [
            Worker("d:small machines:m5.large:i-1", "i-1"), Worker("d:renamed:m5.large:i-2", "i-2"), Worker("d:gpu:g5.xlarge:i-3", "i-3"), Worker("d:other:p4d.24xlarge:i-4", "i-4"),
            Worker("d:gpu:g5.xlarge:i-3:gpu1", "i-3", "t"), Worker("nobody knows", null),
        ]);
        scaler.Look(0);
        var answer = AdoptionRules.Candidates(scaler.State, []);
        Assert.Equal(["i-1", "i-2", "i-3", "i-4"], answer.Choices.Select(c => c.NativeId));
        Assert.Equal(["small-machines", "small-machines", "gpu", null], answer.Choices.Select(c => c.Pool));
        Assert.Contains("as many instances as it may", answer.Choices[1].Refusal, StringComparison.Ordinal);
        Assert.True(answer.Choices[2].Busy);
        Assert.Contains("no pool", answer.Choices[3].Refusal, StringComparison.Ordinal);
        Assert.Empty(scaler.Instances);
    }

    [Fact]
    public void Candidates_MachineThatNobodyListed_IsRefused()
    {
        Foreign("d:gpu:g5.xlarge:i-1", "i-1");
        var choice = Assert.Single(AdoptionRules.Candidates(scaler.State, ["i-9"]).Choices);
        Assert.Equal("i-9", choice.NativeId);
        Assert.NotNull(choice.Refusal);
    }

    [Fact]
    public void Candidates_BeforeTheFirstLookAndOfAnUndeclaredQueue_AreRefused()
    {
        Assert.NotNull(AdoptionRules.Candidates(scaler.State, []).Refusal);
        Assert.NotNull(AdoptionRules.Candidates(ScalerState.Initial, []).Refusal);
    }

    private static WorkerObservation Worker(string name, string? native, params string[] tasks) => new(name, null, tasks, Now.AddYears(1), null, native);

    private void Foreign(string name, string native, params string[] tasks)
    {
        scaler.Foreign.Clear();
        scaler.Foreign.Add(Worker(name, native, tasks) with { LastSeen = scaler.Now });
        scaler.Look(0);
    }

    private AdoptionAnswer Adopt(params string[] machines) => Answer(scaler.Machine.Send(new ScalerCommand.Adopt(machines, "ann")));

    private static AdoptionAnswer Answer(Decision<ScalerEvent, ScalerEffect> decision) => Assert.Single(decision.Effects.OfType<ScalerEffect.AnswerAdoption>()).Answer;
}
