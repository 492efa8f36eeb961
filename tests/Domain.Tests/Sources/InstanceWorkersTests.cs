using System.Text.RegularExpressions;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Tests.Sources;

public sealed class InstanceWorkersTests
{
    private const string Ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    private static readonly InstanceWorkers Workers = new(new InstanceRef(new InstanceId(Ulid), "i-0abc.x"), "pool-a");

    [Theory]
    [InlineData("dynamic_worker:pool-a:g5.xlarge:i-0abc.x")]
    [InlineData("other:pool-a:t:i-0abc.x:3")]
    [InlineData("cp:pool-a:process:" + Ulid)]
    [InlineData("cp:pool-a:process:" + Ulid + ":gpu0,1:service:x")]
    public void Include_ItsWorkers_ByEitherIdAndWhateverTheAgentAppends(string name)
    {
        Assert.True(Workers.Include(name));
        Assert.Matches(Workers.Pattern, name);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("laptop:0")]
    [InlineData("cp:pool-b:t:i-0abc.x")]
    [InlineData("cp:pool-a:t:i-0abc.xy")]
    [InlineData("cp:pool-a:t:i-0abcyx")]
    [InlineData("cp:pool-a::i-0abc.x")]
    public void Include_AnothersWorkers_Not(string? name)
    {
        Assert.False(Workers.Include(name));
        Assert.False(name is not null && Regex.IsMatch(name, Workers.Pattern));
    }

    [Fact]
    public void Include_BeforeTheMachineIsKnown_GoesByTheInstance()
    {
        var workers = new InstanceWorkers(new InstanceRef(new InstanceId(Ulid), null), "pool-a");
        Assert.True(workers.Include($"cp:pool-a:process:{Ulid}"));
        Assert.False(workers.Include("cp:pool-a:process:i-1"));
    }

    [Theory]
    [InlineData("dynamic_worker:aws4gpu:g4dn.4xlarge:i-0123456789abcdef0", "i-0123456789abcdef0")]
    [InlineData("dynamic_worker:aws4gpu:g4dn.4xlarge:i-0123456789abcdef0:gpu1", "i-0123456789abcdef0")]
    [InlineData("a:b:c:" + Ulid, null)]
    [InlineData("dynamic_worker:aws4gpu:g4dn.4xlarge", null)]
    public void NativeIdOf_AWorkersName_IsThePlatformsIdOfItsMachine(string name, string? native) => Assert.Equal(native, WorkerName.NativeIdOf(name));
}
