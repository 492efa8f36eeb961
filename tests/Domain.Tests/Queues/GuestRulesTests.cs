using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Pools;
using ControlPlane.Domain.Queues;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

/// <summary>Machines that ask for what makes them workers: once, while they boot, and nobody else.</summary>
public sealed class GuestRulesTests
{
    private readonly ScalerSubject scaler = ScalerSubject.With(QueueOf(Pool(max: 3) with { Bootstrap = new BootstrapSpec(), MaxBootTime = Minutes(30) }));

    private InstanceState Only => Assert.Single(scaler.Instances);

    [Fact]
    public void Ask_MachineThatBoots_IsToldAndItIsRecorded()
    {
        Boot();
        var told = Assert.IsType<GuestAnswer.Granted>(Ask());
        Assert.Equal((Only.Id, Only.NativeId, "g5.xlarge", "embedded"), (told.Instance, told.NativeId, told.Type, told.Source));
        Assert.Equal(new BootstrapUse("c1", scaler.Now), Only.Fetched);
        scaler.Machine.Restart();
        Assert.Equal("c1", Only.Fetched?.Claim);
    }

    [Fact]
    public void Ask_SameClaimAgainWhileItBoots_IsToldAgainAndNothingIsRecorded()
    {
        Boot();
        Ask();
        var log = scaler.Machine.Log.Count;
        scaler.After(Minutes(2));
        Assert.IsType<GuestAnswer.Granted>(Ask());
        Assert.Equal(log, scaler.Machine.Log.Count);
        scaler.After(Minutes(9));
        Assert.IsType<GuestAnswer.Refused>(Ask());
    }

    [Fact]
    public void Ask_SecondTimeBySomebodyElse_IsRefusedAndSaidOnce()
    {
        Boot();
        Ask();
        var refused = scaler.Machine.Send(Command("c2"));
        Assert.IsType<GuestAnswer.Refused>(Answer(refused));
        var warning = Assert.Single(refused.Effects.OfType<ScalerEffect.Warn>());
        Assert.Contains(Only.NativeId!, warning.Sentence, StringComparison.Ordinal);
        Assert.Equal("warning", scaler.Last.Rule);

        // Whoever goes on trying does not fill the journal.
        var again = scaler.Machine.Send(Command("c3"));
        Assert.Empty(again.Events);
        Assert.IsType<GuestAnswer.Refused>(Answer(again));

        // The use stands in the journal: a restart forgets nothing.
        scaler.Machine.Restart();
        Assert.IsType<GuestAnswer.Refused>(Ask("c2"));
        Assert.IsType<GuestAnswer.Granted>(Ask());
    }

    [Fact]
    public void Ask_AfterItsWorkerRegistered_IsRefused()
    {
        Boot();
        Ask();
        scaler.Register();
        var refused = scaler.Machine.Send(Command("c1"));
        Assert.IsType<GuestAnswer.Refused>(Answer(refused));
        Assert.Single(refused.Effects.OfType<ScalerEffect.Warn>());
    }

    [Fact]
    public void Ask_BeforeTheAnswerToTheLaunch_ShallAskAgain()
    {
        scaler.Look(1);
        scaler.Grant(Only.Id);
        Assert.IsType<GuestAnswer.TooEarly>(Ask(native: "m-1"));
        Assert.Null(Only.Fetched);
    }

    [Fact]
    public void Ask_MachineThatIsNotOfTheLaunch_IsRefusedAndSaid()
    {
        Boot();
        var refused = scaler.Machine.Send(Command("c1", "i-stranger"));
        Assert.IsType<GuestAnswer.Refused>(Answer(refused));
        Assert.Single(refused.Effects.OfType<ScalerEffect.Warn>());
        Assert.IsType<GuestAnswer.Refused>(Answer(scaler.Machine.Send(new ScalerCommand.AskBootstrap([Id(77)], Only.NativeId!, "c1"))));
        Assert.IsType<GuestAnswer.Granted>(Ask());
    }

    [Fact]
    public void Ask_MachineThatLeaves_IsToldNothing()
    {
        Boot();
        scaler.Machine.Send(new ScalerCommand.Leave(Only.Id, true, "ann"));
        var refused = scaler.Machine.Send(Command("c1"));
        Assert.IsType<GuestAnswer.Refused>(Answer(refused));
        Assert.Empty(refused.Effects.OfType<ScalerEffect.Warn>());
        Assert.Null(Only.Fetched);
    }

    [Fact]
    public void Ask_MachineWhoseBootIsOver_IsToldNothing()
    {
        Boot();
        scaler.After(Minutes(31));
        Assert.IsType<GuestAnswer.Refused>(Ask());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ask_PoolWhoseMachinesDoNotAsk_IsToldNothing(bool embedded)
    {
        scaler.Configure(QueueOf(Pool(max: 3, revision: "r2") with { Bootstrap = embedded ? new BootstrapSpec { Mode = BootstrapMode.Embedded } : null }));
        Boot();
        Assert.IsType<GuestAnswer.Refused>(Ask());
    }

    [Fact]
    public void Knows_OnlyMachinesOfLivingInstances()
    {
        Boot();
        var id = Only.Id;
        var native = Only.NativeId!;
        Assert.True(GuestRules.Knows(scaler.State, [id], native));
        Assert.False(GuestRules.Knows(scaler.State, [id], "i-stranger"));
        Assert.False(GuestRules.Knows(scaler.State, [Id(77)], native));
        scaler.Machine.Send(new ScalerCommand.Leave(id, true, "ann"));
        Assert.True(GuestRules.Knows(scaler.State, [id], native));
        scaler.Bury();
        Assert.False(GuestRules.Knows(scaler.State, [id], native));
    }

    private void Boot()
    {
        scaler.Look(1);
        scaler.Boot();
    }

    private ScalerCommand.AskBootstrap Command(string claim, string? native = null) => new([Id(76), Only.Id], native ?? Only.NativeId ?? "", claim);

    private GuestAnswer Ask(string claim = "c1", string? native = null) => Answer(scaler.Machine.Send(Command(claim, native)));

    private static GuestAnswer Answer(Decision<ScalerEvent, ScalerEffect> decision) => Assert.Single(decision.Effects.OfType<ScalerEffect.AnswerGuest>()).Answer;
}
