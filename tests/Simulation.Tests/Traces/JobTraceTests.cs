using System.IO.Compression;
using System.Text;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulation.Tests.Traces;

public sealed class JobTraceTests
{
    private const string Header = "submit_s,duration_s,queue,gpus,cpus,mem_gb,status\n";

    [Fact]
    public void Read_GoodLines_AreJobs()
    {
        var trace = Read(Header + "10,60,a,1,,,\n20,0.5,b,,,,done\n");
        Assert.Equal([new TraceJob(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60), "a", 1), new TraceJob(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(0.5), "b", null)], trace.Jobs);
        Assert.Empty(trace.Faults);
        Assert.False(trace.WasUnsorted);
    }

    [Theory]
    [InlineData("10,60,a,1,,", "t.csv:3: 6 columns where the header has 7")]
    [InlineData("x,60,a,1,,,", "t.csv:3: submit_s is 'x', which is no number of seconds from 0 on")]
    [InlineData("10,-1,a,1,,,", "t.csv:3: duration_s is '-1', which is no number of seconds from 0 on")]
    [InlineData("10,NaN,a,1,,,", "t.csv:3: duration_s is 'NaN', which is no number of seconds from 0 on")]
    [InlineData("10,60,,1,,,", "t.csv:3: queue is empty")]
    [InlineData("10,60,a,many,,,", "t.csv:3: gpus is 'many', which is no number from 0 on")]
    public void Read_ABadLine_IsReportedWithItsPlaceAndTheOthersAreRead(string line, string report)
    {
        var trace = Read(Header + "1,2,a,1,,,\n" + line + "\n3,4,a,1,,,\n");
        Assert.Equal(report, Assert.Single(trace.Faults).ToString());
        Assert.Equal(2, trace.Jobs.Count);
    }

    [Fact]
    public void Read_Unsorted_IsSortedAndSaysSo()
    {
        var trace = Read(Header + "30,1,a,1,,,\n10,1,a,1,,,\n");
        Assert.True(trace.WasUnsorted);
        Assert.Equal([10, 30], trace.Jobs.Select(j => j.SubmittedAt.TotalSeconds));
    }

    [Fact]
    public void Read_Gzip_IsTheSame()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(Header + "10,60,a,1,,,\n"));
        packed.Position = 0;
        Assert.Single(JobTrace.Read(packed, "t.csv.gz").Jobs);
    }

    [Theory]
    [InlineData("", "t.csv:1: the file is empty; it must begin with a header such as submit_s,duration_s,queue,gpus")]
    [InlineData("a,b\n", "t.csv:1: the header has no column submit_s")]
    public void Read_WithoutAHeader_IsRefused(string text, string message) => Assert.Equal(message, Assert.Throws<FormatException>(() => Read(text)).Message);

    private static JobTrace Read(string text) => JobTrace.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "t.csv");
}
