using System.Text.RegularExpressions;
using ControlPlane.Domain.Secrets;
using ControlPlane.Domain.Tests.Kit;

namespace ControlPlane.Domain.Tests.Secrets;

public sealed class SecretReferenceTests
{
    [Theory]
    [InlineData("env:GIT_TOKEN", "GIT_TOKEN", null)]
    [InlineData("env:_a1", "_a1", null)]
    [InlineData("file:/run/secrets/git token", null, "/run/secrets/git token")]
    [InlineData("file:relative/path", null, "relative/path")]
    public void TryParse_AReference_IsRead(string text, string? variable, string? file)
    {
        Assert.True(SecretReference.TryParse(text, out var reference));
        Assert.Equal((variable, file), (reference.Variable, reference.File));
        Assert.Matches(SecretReference.Pattern, text);
        Assert.Equal(reference, Wire.Copy(reference));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("hunter2")]
    [InlineData("env:")]
    [InlineData("env:1A")]
    [InlineData("env:A B")]
    [InlineData("ENV:A")]
    [InlineData("file:")]
    [InlineData("file:a\nb")]
    public void TryParse_AnythingElse_IsNone(string? text)
    {
        Assert.False(SecretReference.TryParse(text, out var reference));
        Assert.Null(reference);
        Assert.False(text is not null && Regex.IsMatch(text, SecretReference.Pattern));
    }

    [Fact]
    public void TryParse_TooLong_IsNone()
    {
        Assert.False(SecretReference.TryParse("env:" + new string('A', 129), out _));
        Assert.False(SecretReference.TryParse("file:" + new string('a', 1_025), out _));
    }
}
