using System.Runtime.Loader;
using ControlPlane.Domain.Scaling;
using ControlPlane.Providers.Plugins;
using PolicyAnswer = ControlPlane.Providers.Plugins.PolicyAnswer;

namespace ControlPlane.Providers.Tests.Plugins;

public sealed class PolicyPluginsTests : IDisposable
{
    private const string Sample = "ControlPlane.Samples.WeekendPolicy";

    private static readonly string Samples = Path.Combine(AppContext.BaseDirectory, "plugins");
    private static readonly Version Domain = typeof(IScalingPolicy).Assembly.GetName().Version!;

    private readonly string folder = Directory.CreateTempSubdirectory("plugins-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("2026-11-23T09:00:00", 2, "3 waiting")] // Monday, 10:00 in Berlin: the tasks need as many as are kept warm.
    [InlineData("2026-11-23T20:00:00", 2, "1 running and 3 waiting tasks need 2 instances.")]
    [InlineData("2026-11-22T09:00:00", 0, "It is Sunday")]
    [InlineData("2026-11-20T23:30:00", 0, "It is Saturday")] // Friday in UTC.
    public async Task Sample_LoadedFromItsFolder_Advises(string utc, int wanted, string reason)
    {
        var advice = await Advise(PolicyPlugins.Load(Samples), Situations.At(utc));

        Assert.Equal(wanted, advice.Wanted);
        Assert.Contains(reason, advice.Reason);
    }

    [Theory]
    [InlineData("2026-11-23T06:59:59", 0)]
    [InlineData("2026-11-23T07:00:00", 2)]
    [InlineData("2026-11-23T16:59:59", 2)]
    [InlineData("2026-11-23T17:00:00", 0)]
    public async Task Sample_NoTasks_KeepsInstancesWarmInOfficeHoursOnly(string utc, int wanted)
    {
        var idle = Situations.At(utc) with { Pending = 0, Running = 0, Busy = 0 };

        Assert.Equal(wanted, (await Advise(PolicyPlugins.Load(Samples), idle)).Wanted);
    }

    [Fact]
    public void Load_Sample_IsFoundByItsFullNameAndNotThroughAReference()
    {
        var plugins = PolicyPlugins.Load(Samples);

        Assert.Empty(plugins.Faults);
        Assert.Equal([Sample], plugins.Names);
        Assert.True(plugins.Has(Sample));
        Assert.Contains(AssemblyLoadContext.All, context => context.Name == "plug-in WeekendPolicy.dll");
        Assert.DoesNotContain(AssemblyLoadContext.Default.Assemblies, assembly => assembly.GetName().Name == "WeekendPolicy");
    }

    [Fact]
    public void TryCreate_UnknownName_IsFalse()
    {
        Assert.False(PolicyPlugins.Load(Samples).TryCreate("WeekendPolicy", TimeProvider.System, null, out var policy));
        Assert.Null(policy);
    }

    [Fact]
    public void Load_NoFolder_HoldsNothing()
    {
        var plugins = PolicyPlugins.Load(Path.Combine(folder, "none"));

        Assert.Empty(plugins.Names);
        Assert.Empty(plugins.Faults);
    }

    [Fact]
    public void Load_NoAssembly_IsAFaultAndTheOthersWork()
    {
        Copy(Samples, "WeekendPolicy.dll");
        File.WriteAllText(Path.Combine(folder, "Notes.dll"), "not an assembly");

        AssertFault("Notes.dll", "It is no .NET assembly", andWorks: Sample);
    }

    [Fact]
    public void Load_NewerFramework_IsAFaultThatNamesBoth()
    {
        Copy(Samples, "WeekendPolicy.dll");
        ForgedAssembly.Write(Path.Combine(folder, "Future.dll"), ("System.Runtime", new Version(99, 0, 0, 0)), ("ControlPlane.Domain", Domain));

        AssertFault("Future.dll", $"It is built for .NET 99, this node runs on .NET {Environment.Version.Major}.", andWorks: Sample);
    }

    [Fact]
    public void Load_NewerDomain_IsAFaultThatNamesBoth()
    {
        Copy(Samples, "WeekendPolicy.dll");
        ForgedAssembly.Write(Path.Combine(folder, "Newer.dll"), ("ControlPlane.Domain", new Version(Domain.Major + 1, 0, 0, 0)));

        AssertFault("Newer.dll", $"this node has {Domain}.", andWorks: Sample);
    }

    [Fact]
    public void Load_MissingDependency_IsAFaultThatNamesIt()
    {
        Copy(Samples, "WeekendPolicy.dll");
        ForgedAssembly.Write(Path.Combine(folder, "Needy.dll"), ("ControlPlane.Domain", Domain), ("Forecasting", new Version(2, 1, 0, 0)));

        AssertFault("Needy.dll", "It needs Forecasting 2.1.0.0, which is not there. Put Forecasting.dll beside it.", andWorks: Sample);
    }

    [Fact]
    public void Load_DependencyBesideItsPlugin_IsNoFault()
    {
        ForgedAssembly.Write(Path.Combine(folder, "Needy.dll"), ("ControlPlane.Domain", Domain), ("Forecasting", new Version(1, 0, 0, 0)));
        ForgedAssembly.Write(Path.Combine(folder, "Forecasting.dll"), ("System.Runtime", Environment.Version));

        Assert.Empty(PolicyPlugins.Load(folder).Faults);
    }

    [Fact]
    public void Load_TwoClassesOfOneName_UsesNeitherAndSaysWhere()
    {
        Copy(Samples, "WeekendPolicy.dll", "A.dll");
        Copy(Samples, "WeekendPolicy.dll", "B.dll");

        var plugins = PolicyPlugins.Load(folder);

        Assert.False(plugins.Has(Sample));
        Assert.Collection(
            plugins.Faults,
            fault => Assert.EndsWith($"A.dll: The class {Sample} is also in B.dll. Remove one of them, or give it another name.", fault.ToString()),
            fault => Assert.EndsWith($"B.dll: The class {Sample} is also in A.dll. Remove one of them, or give it another name.", fault.ToString()));
    }

    [Fact]
    public async Task Load_PoliciesThatMisbehave_AreCaughtThroughThePluginPathToo()
    {
        Copy(AppContext.BaseDirectory, "ControlPlane.Providers.Tests.dll");
        Copy(AppContext.BaseDirectory, "ControlPlane.Domain.dll");

        var plugins = PolicyPlugins.Load(folder);

        var fault = Assert.Single(plugins.Faults);
        Assert.Contains($"{typeof(NeedsArgumentPolicy).FullName} has no public constructor without parameters.", fault.Message);
        Assert.True(plugins.TryCreate(typeof(ThrowingConstructorPolicy).FullName!, TimeProvider.System, TimeSpan.FromMinutes(1), out var policy));
        var answer = await policy.AdviseAsync(Situations.At("2026-11-23T09:00:00"), CancellationToken.None);
        Assert.Equal("InvalidDataException: no licence", Assert.IsType<PolicyAnswer.Threw>(answer).What);
    }

    private static async Task<ScalingAdvice> Advise(PolicyPlugins plugins, Situation situation)
    {
        Assert.True(plugins.TryCreate(Sample, TimeProvider.System, TimeSpan.FromMinutes(1), out var policy));
        return Assert.IsType<PolicyAnswer.Advised>(await policy.AdviseAsync(situation, CancellationToken.None)).Given;
    }

    private void AssertFault(string assembly, string text, string andWorks)
    {
        var plugins = PolicyPlugins.Load(folder);

        var fault = Assert.Single(plugins.Faults);
        Assert.Equal(Path.Combine(folder, assembly), fault.Assembly);
        Assert.Contains(text, fault.ToString());
        Assert.Equal([andWorks], plugins.Names);
    }

    private void Copy(string from, string file, string? to = null) => File.Copy(Path.Combine(from, file), Path.Combine(folder, to ?? file));
}
