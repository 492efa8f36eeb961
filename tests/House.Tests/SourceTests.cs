using System.Text.RegularExpressions;

namespace ControlPlane.House.Tests;

/// <summary>Rules about source files as text.</summary>
public sealed partial class SourceTests
{
    private const int MaxProductLines = 400;
    private const int MaxTestLines = 600;

    private static readonly (string Name, Regex Pattern, string Why, string In)[] Banned =
    [
        ("clock", Clock(), "Time is a TimeProvider or a parameter, so that tests and the simulator own it.", "src/"),
        ("sleep", Sleep(), "Use PeriodicTimer(period, timeProvider) or timeProvider.CreateTimer: they follow the clock of tests, and can be stopped.", "src/"),
        ("blocking", Blocking(), "It blocks a thread until something ends: await it.", "src/"),
        ("async void", AsyncVoid(), "Nobody can await it, and what it throws ends the process: return a Task.", "src/"),
        ("not implemented", NotImplemented(), "What is not there yet is not called yet: leave it out.", "src/"),
        ("new id", NewId(), "Ids come in with the command (Moment), so that a decision can be repeated.", "src/Domain/"),
        ("region", Region(), "A file that needs regions wants to be two files.", ""),
    ];

    public static TheoryData<string> BannedNames => [.. Banned.Select(b => b.Name)];

    [Theory]
    [MemberData(nameof(BannedNames))]
    public void Code_CallsNothingThatIsBanned(string name)
    {
        var (_, pattern, why, place) = Banned.Single(b => b.Name == name);
        HouseRule.Holds(
            why,
            from file in Repository.SourcesIn("src", "tests", "samples", "bench")
            where file.Path.StartsWith(place, StringComparison.Ordinal)
            from finding in Find(file, SourceText.CodeOnly(file.Read()), pattern)
            select finding);
    }

    [Theory]
    [InlineData("clock", "var now = DateTime.UtcNow;")]
    [InlineData("clock", "var now = System.DateTimeOffset . Now;")]
    [InlineData("sleep", "await Task.Delay(1);")]
    [InlineData("sleep", "System.Threading.Thread.Sleep(1);")]
    [InlineData("blocking", "task.Wait();")]
    [InlineData("blocking", "SaveAsync().GetAwaiter().GetResult();")]
    [InlineData("async void", "private async void Save()")]
    [InlineData("not implemented", "throw new NotImplementedException();")]
    [InlineData("new id", "Guid.NewGuid()")]
    [InlineData("region", "    #region Fields")]
    public void BannedPattern_GuiltyCode_IsFound(string name, string code) => Assert.Matches(Banned.Single(b => b.Name == name).Pattern, SourceText.CodeOnly(code));

    [Theory]
    [InlineData("clock", "var now = time.GetUtcNow();")]
    [InlineData("sleep", "// Task.Delay would follow the wall clock.")]
    [InlineData("sleep", "Log(\"no Thread.Sleep here\");")]
    [InlineData("sleep", "Log($@\"no \"\"Thread.Sleep\"\" here\");")]
    [InlineData("blocking", "await task.WaitAsync(limit, time, cancel);")]
    [InlineData("async void", "private async Task Save()")]
    public void BannedPattern_InnocentCode_IsNotFound(string name, string code) =>
        Assert.DoesNotMatch(Banned.Single(b => b.Name == name).Pattern, SourceText.CodeOnly(code));

    [Fact]
    public void Comments_PromiseNothing() => HouseRule.Holds(
        "What is left to do stands in an issue, not in the code.",
        from file in Repository.SourcesIn("src", "tests", "samples", "bench")
        from finding in Find(file, SourceText.WithoutStrings(file.Read()), Promise())
        select finding);

    [Fact]
    public void Catches_SwallowNothing() => HouseRule.Holds(
        "An exception is translated, or logged at the outermost edge. An empty catch names its types and says in a comment why nothing is to be done.",
        from file in Repository.SourcesIn("src")
        from finding in EmptyCatches(file.Read()).Select(position => $"{file}:{SourceText.LineOf(file.Read(), position)}")
        select finding);

    [Theory]
    [InlineData("try { A(); } catch { }", true)]
    [InlineData("try { A(); } catch (IOException) { }", true)]
    [InlineData("try { A(); } catch (Exception e) when (e is IOException)\n{\n}", true)]
    [InlineData("try { A(); } catch (Exception) { /* never mind */ }", true)]
    [InlineData("try { A(); } catch { // never mind\n}", true)]
    [InlineData("try { A(); } catch (FileNotFoundException) { // Gone is what we wanted.\n}", false)]
    [InlineData("try { A(); } catch (Exception e) when (e is IOException or TimeoutException) { // Somebody else was faster.\n}", false)]
    [InlineData("try { A(); } catch (Exception e) { Log(e); }", false)]
    public void EmptyCatch_IsFoundWhereItSwallows(string code, bool found) => Assert.Equal(found, EmptyCatches(code).Any());

    [Fact]
    public void Files_CanBeRead() => HouseRule.Holds(
        $"A file of more than {MaxProductLines} lines (tests: {MaxTestLines}) is searched, not read: it holds more than one thing.",
        from file in Repository.Files
        where file.Path.EndsWith(".cs") || file.Path.EndsWith(".razor")
        where file.IsIn("src", "tests", "samples", "bench")
        let lines = File.ReadLines(file.FullPath).Count()
        where lines > (file.IsIn("tests") ? MaxTestLines : MaxProductLines)
        select $"{file} has {lines} lines");

    [Fact]
    public void Tests_AreNotSkipped() => HouseRule.Holds(
        "A test that is skipped guards nothing: mend it or remove it.",
        from file in Repository.SourcesIn("tests")
        from finding in Find(file, SourceText.CodeOnly(file.Read()), Skipped())
        select finding);

    [Theory]
    [InlineData("[Fact(Skip = \"slow\")]")]
    [InlineData("[Theory(DisplayName = \"x\", Skip=\"y\")]")]
    [InlineData("[Fact, Ignore]")]
    [InlineData("Assert.Skip(\"no cloud\")")]
    public void Skipped_GuiltyCode_IsFound(string code) => Assert.Matches(Skipped(), SourceText.CodeOnly(code));

    private static IEnumerable<string> Find(RepositoryFile file, string text, Regex pattern) =>
        pattern.Matches(text).Select(m => $"{file}:{SourceText.LineOf(text, m.Index)}: {m.Value.Trim()}");

    private static IEnumerable<int> EmptyCatches(string source)
    {
        var code = SourceText.CodeOnly(source);
        var commented = SourceText.WithoutStrings(source);
        return from match in EmptyCatch().Matches(code)
               let block = match.Groups["block"]
               let catchesAll = match.Groups["type"].Value is "" or "Exception" or "System.Exception" && !match.Groups["filter"].Success
               where catchesAll || string.IsNullOrWhiteSpace(commented.Substring(block.Index, block.Length))
               select match.Index;
    }

    [GeneratedRegex(@"\b(DateTime\s*\.\s*(Now|UtcNow|Today)|DateTimeOffset\s*\.\s*(Now|UtcNow))\b")]
    private static partial Regex Clock();

    [GeneratedRegex(@"\b(Thread\s*\.\s*(Sleep|SpinWait)|Task\s*\.\s*Delay)\b")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\.Wait\(|\.GetAwaiter\(\)\s*\.\s*GetResult\(\)")]
    private static partial Regex Blocking();

    [GeneratedRegex(@"\basync\s+void\b")]
    private static partial Regex AsyncVoid();

    [GeneratedRegex(@"\bNotImplementedException\b")]
    private static partial Regex NotImplemented();

    [GeneratedRegex(@"\bGuid\s*\.\s*(NewGuid|CreateVersion7)\b")]
    private static partial Regex NewId();

    [GeneratedRegex(@"^\s*#\s*region\b", RegexOptions.Multiline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex Promise();

    [GeneratedRegex(@"\bcatch\b\s*(\(\s*(?<type>[\w.]+)[^)]*\))?\s*(?<filter>when\s*\((?:[^()]|\([^()]*\))*\)\s*)?\{(?<block>\s*)\}")]
    private static partial Regex EmptyCatch();

    [GeneratedRegex(@"\bSkip\s*=|\bAssert\s*\.\s*Skip|\[[^\]]*\bIgnore\b[^\]]*\]|\bSkip\s*\.\s*If")]
    private static partial Regex Skipped();
}
