using ControlPlane.Worker;

namespace ControlPlane.Host.Tests.Worker;

public sealed class WorkerArgumentsTests
{
    [Fact]
    public void Parse_OfAProvidersCommandLine_ReadsEverything()
    {
        var (options, fault) = WorkerArguments.Parse(
        [
            "--server", "http://127.0.0.1:5080", "--queue", "training", "--instance", "01KTEST0000000000000000001", "--pool", "small", "--type", "process", "--slots", "2",
            "--state", "/tmp/x", "--boot-delay", "00:00:05", "--orphan-timeout=90s", "--name-prefix", "cp",
        ], "secret");

        Assert.Null(fault);
        var expected = new WorkerOptions
        {
            Server = new Uri("http://127.0.0.1:5080/"),
            Queue = "training",
            Instance = "01KTEST0000000000000000001",
            Pool = "small",
            Type = "process",
            Slots = 2,
            State = "/tmp/x",
            BootDelay = TimeSpan.FromSeconds(5),
            OrphanTimeout = TimeSpan.FromSeconds(90),
            NamePrefix = "cp",
            Token = "secret",
        };
        Assert.Equal(expected, options);
    }

    [Fact]
    public void Parse_ByHand_NeedsServerAndQueueOnly()
    {
        var (options, _) = WorkerArguments.Parse(["--server", "https://cp.example/api", "--queue", "q"], null);

        Assert.Equal(new Uri("https://cp.example/api/queues.get_all"), new Uri(options!.Server, "queues.get_all"));
        Assert.Null(options.Instance);
    }

    [Theory]
    [InlineData("--queue q", "--server is missing")]
    [InlineData("--server http://h --queue", "--queue needs a value")]
    [InlineData("--server ftp://h --queue q", "write it as http")]
    [InlineData("--server http://h --queue q --queue r", "--queue is given twice")]
    [InlineData("--server http://h --queue q --slot 2", "Unknown option '--slot'")]
    [InlineData("--server http://h --queue q --slots 0", "from 1 to 256")]
    [InlineData("--server http://h --queue q --boot-delay soon", "must be a duration")]
    [InlineData("--server http://h --queue q --boot-delay -5s", "must be a duration")]
    [InlineData("--server http://h --queue q --orphan-timeout 0s", "at least 1s")]
    [InlineData("--server http://h --queue q --pool a:b", "colon")]
    [InlineData("--server http://h --queue q --instance 01K", "--instance needs --pool")]
    [InlineData("--server http://h --queue q --instance 01K --pool p --type t", "must be a ULID")]
    public void Parse_OfAFaultyLine_NamesTheOption(string line, string expected)
    {
        var (options, fault) = WorkerArguments.Parse(line.Split(' '), null);

        Assert.Null(options);
        Assert.Contains(expected, fault);
    }
}
