using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Tests.Kit;
using CsCheck;

namespace ControlPlane.Domain.Tests.Deciding;

public sealed class MomentTests
{
    [Fact]
    public void NewId_SameSeed_GivesTheSameIds() =>
        Assert.Equal(new Moment(Given.Now, 5).NewId(3), new Moment(Given.Now, 5).NewId(3));

    [Fact]
    public void NewId_AnySeedAndIndex_IsAUniqueUlidOfItsMillisecond() =>
        Gen.Select(Gen.ULong, Gen.Int[0, 1_000]).Sample((seed, index) =>
        {
            var moment = new Moment(Given.Now, seed);
            var id = moment.NewId(index);
            Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", id);
            Assert.Equal(Given.Now, new InstanceId(id).CreatedAt);
            Assert.NotEqual(id, moment.NewId(index + 1));
        });

    [Fact]
    public void NewId_LaterMoment_SortsLater() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[1, 1_000_000]).Sample((a, b, later) =>
            Assert.True(new InstanceId(new Moment(Given.Now, a).NewId(0)).CompareTo(new InstanceId(new Moment(Given.Now.AddMilliseconds(later), b).NewId(0))) < 0));

    [Theory]
    [InlineData("")]
    [InlineData("i-1")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FA!!")]
    [InlineData("UUUUUUUUUUUUUUUUUUUUUUUUUU")]
    [InlineData("ZZZZZZZZZZZZZZZZZZZZZZZZZZ")]
    public void CreatedAt_NoUlid_IsTheEpoch(string text) => Assert.Equal(DateTimeOffset.UnixEpoch, new InstanceId(text).CreatedAt);

    [Fact]
    public void CreatedAt_KnownUlid_IsItsTime() =>
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1469922850259), new InstanceId("01ARZ3NDEKTSV4RRFFQ69G5FAV").CreatedAt);

    [Theory]
    [InlineData(0.25, "250 ms")]
    [InlineData(90, "90 s")]
    [InlineData(900, "15 min")]
    [InlineData(9_000, "2 h 30 min")]
    [InlineData(7_200, "2 h")]
    [InlineData(172_800, "2 d")]
    public void Duration_AnyTime_ReadsWell(double seconds, string words) => Assert.Equal(words, Words.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0 tasks")]
    [InlineData(1, "1 task")]
    [InlineData(2, "2 tasks")]
    public void Count_AnyNumber_ReadsWell(int number, string words) => Assert.Equal(words, Words.Count(number, "task"));
}
