using System.Text;
using System.Text.Json;
using ControlPlane.Simulate;

namespace ControlPlane.Host.Tests.Simulate;

/// <summary>The command on a small trace. Its jobs are made up for these tests, and measured nowhere.</summary>
public sealed class SimulateTraceTests : IDisposable
{
    private const string Configuration = """
        version: 1
        sources: [{ name: s, kind: embedded }]
        providers: [{ name: p, kind: local }]
        budgets: [{ name: b, limit: 100.00, window: day }]
        pools:
          - { name: small, provider: p, maxInstances: 20, offers: [{ type: one, price: 1.00, gpus: 1 }], local: {} }
        queues:
          - { name: training, source: s, budget: b, pools: [small] }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("simulate-trace-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Run_WithoutAConfiguration_WritesTheThreeReports()
    {
        var (exit, output, error) = Run("--jobs", Sample(), "--out", Out("a"));
        Assert.Equal(0, exit);
        Assert.Equal("", error);
        Assert.Contains("| **default** |", output, StringComparison.Ordinal);
        using var json = Json("a");
        Assert.Equal(["default", "targetWait 10m"], json.RootElement.GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("name").GetString()));
        foreach (var run in json.RootElement.GetProperty("runs").EnumerateArray())
        {
            Assert.Equal(120, run.GetProperty("jobs").GetInt32());
            Assert.InRange(run.GetProperty("costToLowerBound").GetDouble(), 1, 10);
            Assert.InRange(run.GetProperty("costToBoundAtItsMeanWait").GetDouble(), 1, 10);
            var waits = run.GetProperty("waitSeconds");
            Assert.InRange(waits.GetProperty("p95").GetDouble(), waits.GetProperty("p50").GetDouble(), waits.GetProperty("p99").GetDouble());
        }

        var yardsticks = json.RootElement.GetProperty("yardsticks").EnumerateArray().Select(r => r.GetProperty("name").GetString()!).ToArray();
        Assert.Equal(
            ["ClearML", "ClearML as meant", "fixed fleet, mean load", "fixed fleet, enough 95 % of the time", "fixed fleet, peak load", "oracle at no wait", "lower bound"], yardsticks);
    }

    [Fact]
    public void Run_TheSameInput_GivesTheSameBytes()
    {
        Assert.Equal(0, Run("--jobs", Sample(), "--out", Out("a")).Exit);
        Assert.Equal(0, Run("--jobs", Sample(), "--out", Out("b")).Exit);
        foreach (var name in new[] { "summary.json", "summary.md", "index.html" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(Out("a"), name)), File.ReadAllBytes(Path.Combine(Out("b"), name)));
    }

    [Fact]
    public void Page_RefersToNothingOutside()
    {
        var config = Write("lab.yaml", Configuration);
        Assert.Equal(0, Run("--jobs", Sample(), "--config", config, "--out", Out("a"), "--map", "*=training").Exit);
        var page = File.ReadAllText(Path.Combine(Out("a"), "index.html"));
        foreach (var outside in new[] { "http:", "https:", "//", "src=", "href=", "url(", "@import", "<link", "<script", "<iframe" })
            Assert.DoesNotContain(outside, page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("prefers-color-scheme:dark", page, StringComparison.Ordinal);
        Assert.Contains("Budget b: spend against its limit of $100.00 a day", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_ANameThatLooksLikeHtml_IsText()
    {
        var jobs = Write("<b>.csv", "submit_s,duration_s,queue,gpus\n0,60,<i>x,1\n");
        Assert.Equal(0, Run("--jobs", jobs, "--config", Write("lab.yaml", Configuration), "--map", "*=training", "--out", Out("a")).Exit);
        Assert.DoesNotContain("<b>.csv", File.ReadAllText(Path.Combine(Out("a"), "index.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_BadLines_AreNamedWithFileAndLineAndCounted()
    {
        var jobs = Write("bad.csv", "submit_s,duration_s,queue,gpus\n50,60,training,1\nsoon,60,training,1\n10,60,training\n20,60,,1\n10,60,training,1\n");
        var (exit, _, error) = Run("--jobs", jobs, "--out", Out("a"));
        Assert.Equal(0, exit);
        Assert.Equal(
            """
            bad.csv:3: submit_s is 'soon', which is no number of seconds from 0 on
            bad.csv:4: 3 columns where the header has 4
            bad.csv:5: queue is empty
            bad.csv: 3 lines could not be read and were left out.
            bad.csv: the lines were not in the order of submission; they were sorted.

            """,
            error,
            ignoreLineEndingDifferences: true);
        using var json = Json("a");
        Assert.Equal(3, json.RootElement.GetProperty("trace").GetProperty("faults").GetArrayLength());
        Assert.True(json.RootElement.GetProperty("trace").GetProperty("wasSorted").GetBoolean());
        Assert.Contains("bad.csv: 3 lines could not be read", File.ReadAllText(Path.Combine(Out("a"), "summary.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_JobsThatCannotFit_AreNamedWithTheReason()
    {
        var jobs = Write("jobs.csv", "submit_s,duration_s,queue,gpus\n0,60,training,1\n5,60,training,8\n");
        var (exit, _, error) = Run("--jobs", jobs, "--config", Write("lab.yaml", Configuration), "--out", Out("a"));
        Assert.Equal(0, exit);
        Assert.Contains("lab: job 2 (queue training, submitted at 5 s) needs 8 GPUs, and one of pool small has 1", error, StringComparison.Ordinal);
        Assert.Contains("lab: 1 job cannot fit and was left out.", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AQueueThatNobodyDeclared_IsNamedAndNothingIsWritten()
    {
        var jobs = Write("jobs.csv", "submit_s,duration_s,queue,gpus\n0,60,training,1\n5,60,tests,1\n");
        var (exit, _, error) = Run("--jobs", jobs, "--config", Write("lab.yaml", Configuration), "--out", Out("a"));
        Assert.Equal(1, exit);
        Assert.Contains("lab: it has no queue tests, to which 1 job of the trace goes.", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out("a")));
    }

    [Fact]
    public void Run_AFaultyConfiguration_IsRefusedWithItsPlace()
    {
        var (exit, _, error) = Run("--jobs", Sample(), "--config", Write("lab.yaml", Configuration.Replace("maxInstances: 20", "maxInstances: many", StringComparison.Ordinal)), "--out", Out("a"));
        Assert.Equal(1, exit);
        Assert.Contains("lab.yaml:6:", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WithSpot_ComparesSpotWithItsFallback()
    {
        var spot = Write("spot.csv", "time_s,zone,instance_type,available,price\n0,a,p3,1,0.3\n9000,a,p3,0,\n20000,a,p3,1,0.4\n");
        var (exit, output, _) = Run("--jobs", Sample(), "--spot", spot, "--out", Out("a"));
        Assert.Equal(0, exit);
        Assert.Contains("| **spot with fallback** |", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--jobs is missing", "--out", "x")]
    [InlineData("--out is missing", "--jobs", "x")]
    [InlineData("--boot is '1'", "--jobs", "x", "--out", "y", "--boot", "1")]
    [InlineData("--map is 'a'", "--jobs", "x", "--out", "y", "--map", "a")]
    [InlineData("--seed is '-1'", "--jobs", "x", "--out", "y", "--seed", "-1")]
    [InlineData("--jobs has no value", "--jobs")]
    [InlineData("Unknown option '--job'", "--job", "x")]
    public void Run_WrongCommandLine_NamesTheOption(string message, params string[] arguments)
    {
        var (exit, _, error) = Run(arguments);
        Assert.Equal(2, exit);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AFileThatIsNotThere_IsSaid() => Assert.Equal(1, Run("--jobs", Path.Combine(_folder.FullName, "none.csv"), "--out", Out("a")).Exit);

    [Fact]
    public void Table_TakesOnlyAFolder()
    {
        using var error = new StringWriter();
        Assert.Equal(2, SimulateProgram.Run(["table", "--trace", "x"], TextWriter.Null, error, TimeProvider.System, CancellationToken.None));
        Assert.Contains("--traces FOLDER", error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Two queues, three sizes: made up, by a rule that anybody can read.</summary>
    private string Sample()
    {
        var text = new StringBuilder("submit_s,duration_s,queue,gpus\n");
        for (var i = 0; i < 120; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{i * 300},{60 + (i * 7919 % 2000)},{(i % 3 == 0 ? "tests" : "training")},{(i % 5 == 0 ? 4 : 1)}\n");
        return Write("synthetic.csv", text.ToString());
    }

    private string Out(string name) => Path.Combine(_folder.FullName, name);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private JsonDocument Json(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Out(name), "summary.json")));

    private static (int Exit, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (SimulateProgram.Run(["trace", .. arguments], output, error, TimeProvider.System, CancellationToken.None), output.ToString(), error.ToString());
    }
}
