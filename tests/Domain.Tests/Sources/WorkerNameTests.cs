using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Sources;

namespace ControlPlane.Domain.Tests.Sources;

public sealed class WorkerNameTests
{
    private static readonly InstanceId Instance = new("01ARZ3NDEKTSV4RRFFQ69G5FAV");

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(255)]
    public void Name_WrittenAndRead_IsTheSame(int? slot)
    {
        var name = new WorkerName("dynamic_worker", "pool-a", "g4dn.xlarge", Instance, slot);

        Assert.True(WorkerName.TryParse(name.Format(), out var read));
        Assert.Equal(name, read);
        Assert.Equal(Instance, WorkerName.InstanceOf(name.Format()));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("laptop")]
    [InlineData("dynamic_worker:aws4gpu:g4dn.4xlarge:i-0123456789abcdef0")]
    [InlineData("a:b:c:01ARZ3NDEKTSV4RRFFQ69G5FAU:256")]
    [InlineData("a:b:c:01ARZ3NDEKTSV4RRFFQ69G5FAV:-1")]
    [InlineData("a:b:c:01ARZ3NDEKTSV4RRFFQ69G5FAV:0:0")]
    [InlineData("a::c:01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("a:b:c:81ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("a:b:c:01arz3ndektsv4rrffq69g5fav")]
    [InlineData("a:b:c:01ARZ3NDEKTSV4RRFFQ69G5FAI")]
    public void Name_OfAnothersWorker_SaysNothing(string? name) => Assert.Null(WorkerName.InstanceOf(name));

    [Fact]
    public void Format_OfWhatCouldNotBeReadBack_Throws()
    {
        Assert.Throws<ArgumentException>(() => new WorkerName("a:b", "p", "t", Instance).Format());
        Assert.Throws<ArgumentException>(() => new WorkerName("a", "", "t", Instance).Format());
        Assert.Throws<ArgumentException>(() => new WorkerName("a", "p", "t", "i:1").Format());
        Assert.Throws<ArgumentException>(() => new WorkerName("a", "p", "t", Instance, 256).Format());
    }
}
