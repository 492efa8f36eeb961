using ControlPlane.Worker;

namespace ControlPlane.Host.Tests.Worker;

public sealed class LineSplitterTests
{
    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\r\nb", "a|b")]
    [InlineData("10%\r20%\r30%\ndone", "30%|done")]
    [InlineData("\n\n", "|")]
    [InlineData("", null)]
    public async Task Read_CutsAsATerminalShows(string output, string? expected) =>
        Assert.Equal(expected?.Split('|') ?? [], await ReadAsync(output));

    [Fact]
    public async Task Read_OfAnEndlessLine_CutsIt()
    {
        var lines = await ReadAsync(new string('x', (2 * LineSplitter.MaxChars) + 1));

        Assert.Equal([LineSplitter.MaxChars, LineSplitter.MaxChars, 1], lines.Select(l => l.Length));
    }

    private static async Task<List<string>> ReadAsync(string output)
    {
        var lines = new List<string>();
        await LineSplitter.ReadAsync(new StringReader(output), lines.Add, CancellationToken.None);
        return lines;
    }
}
