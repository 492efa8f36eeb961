using ControlPlane.Domain.Queues;
using static ControlPlane.Domain.Tests.Kit.Given;

namespace ControlPlane.Domain.Tests.Queues;

public sealed class RequeueRulesTests
{
    [Fact]
    public void Default_LetsTasksGoBackAsOftenAsTheSourceDoes()
    {
        Assert.Null(RequeueRules.Default.Refusal(2, Hours(100), 3));
        Assert.Contains("3 times before", RequeueRules.Default.Refusal(3, null, 3), StringComparison.Ordinal);
    }

    [Fact]
    public void Attempts_AreThoseOfTheRules()
    {
        Assert.Contains("0 times before", new RequeueRules(Attempts: 0).Refusal(0, null, 3), StringComparison.Ordinal);
        Assert.Null(new RequeueRules(Attempts: 10).Refusal(9, null, 3));
        Assert.NotNull(new RequeueRules(Attempts: 10).Refusal(10, null, 3));
    }

    [Fact]
    public void OnlyYounger_ForbidsWhatHadRunForLong()
    {
        var rules = new RequeueRules(OnlyYounger: Hours(6));
        Assert.Null(rules.Refusal(0, Hours(6), 3));
        Assert.Null(rules.Refusal(0, null, 3));
        Assert.Contains("had run for 7 h", rules.Refusal(0, Hours(7), 3), StringComparison.Ordinal);
    }

    [Fact]
    public void Never_ForbidsAll() => Assert.Contains("not put back", new RequeueRules(Never: true, Attempts: 5).Refusal(0, Seconds(1), 3), StringComparison.Ordinal);
}
