using ControlPlane.Simulate;

namespace ControlPlane.Host.Tests.Simulate;

public sealed class SimulateProgramTests
{
    [Fact]
    public void Faults_FewSeeds_KeepEveryPromiseAndPrintTheirSeeds()
    {
        var (exit, output, _) = Run("faults", "--seeds", "3", "--first", "11");
        Assert.Equal(0, exit);
        Assert.Contains("Seeds 11 to 13", output, StringComparison.Ordinal);
        Assert.Contains("3 seeds from 11", output, StringComparison.Ordinal);
        Assert.Contains("every promise was kept", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_OnSeveralThreads_DoTheSame()
    {
        var one = Run("faults", "--seeds", "4", "--first", "21", "--parallel", "1").Output;
        var three = Run("faults", "--seeds", "4", "--first", "21", "--parallel", "3").Output;
        Assert.Equal(Facts(one), Facts(three));
        Assert.Contains("on 3 threads", three, StringComparison.Ordinal);

        static string Facts(string output) => output[..output.IndexOf(';', StringComparison.Ordinal)];
    }

    [Fact]
    public void Faults_BoundByHours_BeginsNoFurtherSeed()
    {
        var (exit, output, _) = Run("faults", "--hours", "1", "--first", "11", "--parallel", "1");
        Assert.Equal(0, exit);
        Assert.Contains("1 seeds from 11", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'weather' cannot be simulated", "weather")]
    [InlineData("--seeds is '0'", "faults", "--seeds", "0")]
    [InlineData("--seeds is ''", "faults", "--seeds")]
    [InlineData("--hours is '0'", "faults", "--hours", "0")]
    [InlineData("--parallel is '2000'", "faults", "--parallel", "2000")]
    [InlineData("--first is 'x'", "faults", "--first", "x")]
    [InlineData("Unknown option '--sed'", "faults", "--sed", "1")]
    public void Faults_WrongCommandLine_NamesTheOption(string message, params string[] arguments)
    {
        var (exit, _, error) = Run(arguments);
        Assert.Equal(2, exit);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Replay_OfNoKey_IsRefused()
    {
        var (exit, output, _) = Run("faults", "--replay", "nonsense");
        Assert.Equal(2, exit);
        Assert.Contains("--replay", output, StringComparison.Ordinal);
    }

    private static (int Exit, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (SimulateProgram.Run(arguments, output, error, TimeProvider.System, CancellationToken.None), output.ToString(), error.ToString());
    }
}
