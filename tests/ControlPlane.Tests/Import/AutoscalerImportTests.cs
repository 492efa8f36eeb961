using ControlPlane.Catalog;
using ControlPlane.Domain.Catalog;
using ControlPlane.Import;

namespace ControlPlane.Host.Tests.Import;

/// <summary>What becomes of the files of ClearML's autoscalers.</summary>
public sealed class AutoscalerImportTests
{
    private static readonly ImportOptions Options = new("aws_autoscaler.yaml", "https://api.clear.ml", false);

    [Theory]
    [InlineData(ImportFiles.Yaml)]
    [InlineData(ImportFiles.AwsApp)]
    [InlineData(ImportFiles.GcpApp)]
    public void Make_AnyFile_CopiesNoSecret(string file)
    {
        foreach (var embedded in (bool[])[false, true])
        {
            var made = AutoscalerImport.Make(file, Options with { Embedded = embedded });
            foreach (var text in made.NoCounterpart.Concat(made.ToMend).Append(made.Document))
            {
                Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
                Assert.DoesNotContain("AKIAFAKE", text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Make_GcpApp_SaysThatThereIsNoProviderAndCanBeApplied()
    {
        var made = AutoscalerImport.Make(ImportFiles.GcpApp, Options);
        Assert.Empty(made.ToMend);
        Assert.Contains(made.NoCounterpart, n => n.Contains("no provider gcp yet", StringComparison.Ordinal));
        Assert.Contains("# - pool t4: at most 2 of n1-standard-4, preemptible or spot", made.Document, StringComparison.Ordinal);
        Assert.Contains("# - queue train: pools t4, idle for at most 20m", made.Document, StringComparison.Ordinal);
        Assert.Equal("clearml", Assert.Single(ConfigurationDocument.Parse(made.Document).Configuration!.Sources).Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("just a text")]
    [InlineData("version: 1\nqueues: []")]
    [InlineData("{\"a\": {\"b\": 1}}")]
    [InlineData("{\"a\": ")]
    [InlineData("a: [1, 2")]
    [InlineData("a: 1\na: 2")]
    public void Make_AnotherFile_IsRefusedWithoutRepeatingIt(string file)
    {
        var fault = Assert.Throws<ImportException>(() => AutoscalerImport.Make(file, Options));
        Assert.NotEmpty(fault.Message);
        Assert.DoesNotContain("just a text", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Make_FileThatGrowsByItsAliases_IsRefused()
    {
        var bomb = "hyper_params:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"  {(char)('a' + i)}: &{(char)('a' + i)} [{string.Join(", ", Enumerable.Repeat($"*{(char)('a' + i - 1)}", 10))}]\n"));
        Assert.Throws<ImportException>(() => AutoscalerImport.Make(bomb, Options));
    }

    [Theory]
    [InlineData("small machines", "small-machines")]
    [InlineData("_x", "x")]
    [InlineData("***", "unnamed")]
    [InlineData("ok.name-1", "ok.name-1")]
    public void NameOf_IsANameByOurRule(string name, string expected)
    {
        Assert.Equal(expected, AutoscalerImport.NameOf(name, _ => true));
        Assert.Equal($"{expected}-2", AutoscalerImport.NameOf(name, n => n != expected));
        Assert.True(ObjectName.IsValid(AutoscalerImport.NameOf(name + new string('x', 100), n => n.EndsWith("-3", StringComparison.Ordinal))));
    }

    [Fact]
    public void Make_Yaml_TellsWhatHasNoCounterpart()
    {
        var made = AutoscalerImport.Make(ImportFiles.Yaml, Options);
        Assert.Contains("hyper_params.a_key_of_the_future: not understood", made.NoCounterpart);
        Assert.Contains(made.NoCounterpart, n => n.StartsWith("queue queue with spaces: ", StringComparison.Ordinal));
        Assert.Contains(made.NoCounterpart, n => n.StartsWith("resource unused: ", StringComparison.Ordinal));
        Assert.Contains(made.NoCounterpart, n => n.Contains("ClientToken", StringComparison.Ordinal));
        Assert.All(made.NoCounterpart, n => Assert.Contains(n.Split(' ')[0], made.Document, StringComparison.Ordinal));
    }
}
