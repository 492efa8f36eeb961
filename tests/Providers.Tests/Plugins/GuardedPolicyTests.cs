using ControlPlane.Domain.Scaling;
using ControlPlane.Providers.Plugins;
using Microsoft.Extensions.Time.Testing;
using PolicyAnswer = ControlPlane.Providers.Plugins.PolicyAnswer;

namespace ControlPlane.Providers.Tests.Plugins;

public sealed class GuardedPolicyTests
{
    private static readonly Situation Situation = Situations.At("2026-11-23T09:00:00");

    // Far more than any evaluation here takes, so that a busy machine times nothing out that does not loop.
    private static readonly TimeSpan Ample = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider time = new(Situation.Now);

    [Fact]
    public async Task Advise_PolicyThrows_SaysWhatWasThrown()
    {
        var answer = await Ask(new ThrowingPolicy());

        Assert.Equal(new PolicyAnswer.Threw("InvalidDataException: the forecast has no Monday"), answer);
        Assert.Equal("it threw InvalidDataException: the forecast has no Monday", answer.Failure);
        Assert.Null(answer.Advice);
    }

    [Fact]
    public async Task Advise_ConstructorThrows_SaysWhatWasThrown()
    {
        var guard = new GuardedPolicy("test", () => new ThrowingConstructorPolicy(), TimeProvider.System, Ample);

        Assert.Equal(new PolicyAnswer.Threw("InvalidDataException: no licence"), await guard.AdviseAsync(Situation, CancellationToken.None));
    }

    [Fact]
    public async Task Advise_NegativeWanted_IsRefusedWithTheNumber()
    {
        var refused = Assert.IsType<PolicyAnswer.Refused>(await Ask(new NegativePolicy()));

        Assert.Contains("wants -3 instances", refused.Failure);
    }

    [Fact]
    public async Task Advise_NoReason_IsRefused() => Assert.Contains("no reason", Assert.IsType<PolicyAnswer.Refused>(await Ask(new SilentPolicy())).Why);

    [Fact]
    public async Task Advise_EndlessReason_IsRefused() => Assert.Contains("1001 characters", Assert.IsType<PolicyAnswer.Refused>(await Ask(new TalkativePolicy())).Why);

    [Fact]
    public async Task Advise_Null_IsRefused() => Assert.Contains("null", Assert.IsType<PolicyAnswer.Refused>(await Ask(new NullPolicy())).Why);

    [Fact]
    public async Task Advise_PolicyLoops_TimesOutAtTheLimitAndIsNotCalledAgainBeforeItEnds()
    {
        using var looping = new LoopingPolicy();
        var guard = new GuardedPolicy("test", () => looping, time, GuardedPolicy.DefaultLimit);

        var first = guard.AdviseAsync(Situation, CancellationToken.None);
        time.Advance(GuardedPolicy.DefaultLimit - TimeSpan.FromMilliseconds(1));
        Assert.False(first.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("it gave no answer within 1 s", Assert.IsType<PolicyAnswer.TimedOut>(await first).Failure);
        await Until(() => looping.Calls == 1);

        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(
            "it has been running since 2026-11-23 09:00:00Z and is not called again before it ends",
            (await guard.AdviseAsync(Situation, CancellationToken.None)).Failure);
        Assert.Equal(new PolicyAnswer.StillRunning(Situation.Now), await guard.AdviseAsync(Situation, CancellationToken.None));
        Assert.Equal(1, looping.Calls);

        looping.Dispose();
        PolicyAnswer? answer = null;
        await Until(async () => (answer = await guard.AdviseAsync(Situation, CancellationToken.None)) is not PolicyAnswer.StillRunning);
        Assert.Equal(new ScalingAdvice(3, "let go at last"), answer?.Advice);
        Assert.Null(answer?.Failure);
        Assert.Equal(2, looping.Calls);
    }

    [Fact]
    public async Task Advise_Cancelled_PassesThroughAndTheEvaluationStillCounts()
    {
        using var looping = new LoopingPolicy();
        using var cancel = new CancellationTokenSource();
        var guard = new GuardedPolicy("test", () => looping, time, GuardedPolicy.DefaultLimit);

        var asked = guard.AdviseAsync(Situation, cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.IsType<PolicyAnswer.StillRunning>(await guard.AdviseAsync(Situation, CancellationToken.None));
    }

    [Fact]
    public void Limit_Zero_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>("limit", () => new GuardedPolicy("test", () => new NullPolicy(), time, TimeSpan.Zero));

    private static Task<PolicyAnswer> Ask(IScalingPolicy policy) =>
        new GuardedPolicy("test", () => policy, TimeProvider.System, Ample).AdviseAsync(Situation, CancellationToken.None);

    private static Task Until(Func<bool> reached) => Until(() => Task.FromResult(reached()));

    // A real thread runs here, so a test polls for it, with a deadline.
    private static async Task Until(Func<Task<bool>> reached)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await reached())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), deadline.Token);
        }
    }
}
