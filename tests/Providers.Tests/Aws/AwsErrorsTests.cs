using System.Net;
using Amazon.EC2;
using Amazon.Runtime;
using ControlPlane.Domain.Providers;
using ControlPlane.Providers.Aws;

namespace ControlPlane.Providers.Tests.Aws;

/// <summary>How answers of AWS are sorted.</summary>
public sealed class AwsErrorsTests
{
    [Theory]
    [InlineData("InsufficientInstanceCapacity", 500, ProviderFault.InsufficientCapacity)]
    [InlineData("InsufficientHostCapacity", 400, ProviderFault.InsufficientCapacity)]
    [InlineData("InsufficientReservedInstanceCapacity", 400, ProviderFault.InsufficientCapacity)]
    [InlineData("InsufficientFreeAddressesInSubnet", 400, ProviderFault.InsufficientCapacity)]
    [InlineData("SpotMaxPriceTooLow", 400, ProviderFault.InsufficientCapacity)]
    [InlineData("Unsupported", 400, ProviderFault.InsufficientCapacity)]
    [InlineData("ReservationCapacityExceeded", 400, ProviderFault.InsufficientCapacity)]
    [InlineData("VcpuLimitExceeded", 400, ProviderFault.QuotaExceeded)]
    [InlineData("InstanceLimitExceeded", 400, ProviderFault.QuotaExceeded)]
    [InlineData("MaxSpotInstanceCountExceeded", 400, ProviderFault.QuotaExceeded)]
    [InlineData("VolumeLimitExceeded", 400, ProviderFault.QuotaExceeded)]
    [InlineData("RequestLimitExceeded", 503, ProviderFault.Throttled)]
    [InlineData("Throttling", 400, ProviderFault.Throttled)]
    [InlineData("EC2ThrottledException", 400, ProviderFault.Throttled)]
    [InlineData("ExpiredToken", 400, ProviderFault.Throttled)]
    [InlineData("SomethingNew", 429, ProviderFault.Throttled)]
    [InlineData("InternalError", 500, ProviderFault.Indeterminate)]
    [InlineData("Unavailable", 503, ProviderFault.Indeterminate)]
    [InlineData("ServiceUnavailable", 503, ProviderFault.Indeterminate)]
    [InlineData("RequestTimeout", 400, ProviderFault.Indeterminate)]
    [InlineData("SomethingNew", 500, ProviderFault.Indeterminate)]
    [InlineData("IdempotentParameterMismatch", 400, ProviderFault.Indeterminate)]
    [InlineData("IdempotentInstanceTerminated", 400, ProviderFault.Indeterminate)]
    [InlineData("UnauthorizedOperation", 403, ProviderFault.Misconfigured)]
    [InlineData("AuthFailure", 401, ProviderFault.Misconfigured)]
    [InlineData("InvalidAMIID.NotFound", 400, ProviderFault.Misconfigured)]
    [InlineData("InvalidSubnetID.NotFound", 400, ProviderFault.Misconfigured)]
    [InlineData("InvalidParameterValue", 400, ProviderFault.Misconfigured)]
    [InlineData("OptInRequired", 401, ProviderFault.Misconfigured)]
    [InlineData("SomethingNew", 400, ProviderFault.Misconfigured)]
    public void Sort_ByCodeThenByStatus(string code, int status, ProviderFault kind)
    {
        var fault = AwsErrors.Sort(code, status, "what it says");

        Assert.Equal(kind, fault.Kind);
        Assert.StartsWith($"{code}: what it says", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("InvalidAMIID.NotFound", "image of this region")]
    [InlineData("InvalidSubnetID.NotFound", "subnet of this account")]
    [InlineData("InvalidGroup.NotFound", "security group")]
    [InlineData("InvalidKeyPair.NotFound", "key pair")]
    [InlineData("UnauthorizedOperation", "check provider")]
    [InlineData("VcpuLimitExceeded", "Service Quotas")]
    [InlineData("AuthFailure", "credentials")]
    public void Sort_WhatAPersonMustMend_TellsTheFix(string code, string fix) =>
        Assert.Contains(fix, AwsErrors.Sort(code, 400, "no").Message, StringComparison.Ordinal);

    [Fact]
    public void Sort_AQuotaOfNothing_IsNotWaitedFor() => Assert.Equal(
        ProviderFault.Misconfigured,
        AwsErrors.Sort("VcpuLimitExceeded", 400, "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket.").Kind);

    [Theory]
    [InlineData("You can currently get p4d.24xlarge capacity by not specifying an Availability Zone in your request or choosing us-east-1b, us-east-1d.", "us-east-1b us-east-1d")]
    [InlineData("Please retry your request by not specifying an Availability Zone or choosing us-gov-west-1a.", "us-gov-west-1a")]
    [InlineData("... in the Availability Zone you requested (us-east-1a). Our system will be working on provisioning additional capacity. ... choosing us-west-2-lax-1a", "us-west-2-lax-1a")]
    [InlineData("We currently do not have sufficient p4d.24xlarge capacity in the Availability Zone you requested (us-east-1a).", "")]
    [InlineData("There is no Spot capacity available that matches your request.", "")]
    public void ZonesIn_AreThoseThatCouldServe(string message, string zones) => Assert.Equal(zones, string.Join(' ', AwsErrors.ZonesIn(message)));

    [Fact]
    public void Sort_WithoutAnAnswer_IsIndeterminate()
    {
        Assert.Equal(ProviderFault.Indeterminate, AwsErrors.Sort(new HttpRequestException("broken pipe"))!.Kind);
        Assert.Equal(ProviderFault.Indeterminate, AwsErrors.Sort(new AmazonEC2Exception("error making the call", new HttpRequestException("broken pipe")))!.Kind);
        Assert.Contains("broken pipe", AwsErrors.Sort(new AmazonEC2Exception("error making the call", new HttpRequestException("broken pipe")))!.Message, StringComparison.Ordinal);
        Assert.Equal(ProviderFault.Indeterminate, AwsErrors.Sort(new TaskCanceledException("too slow", new TimeoutException()))!.Kind);
        Assert.Equal(ProviderFault.Indeterminate, AwsErrors.Sort(new AmazonEC2Exception("bad gateway") { StatusCode = HttpStatusCode.BadGateway })!.Kind);
    }

    [Fact]
    public void Sort_WithoutCredentials_IsMisconfigured() =>
        Assert.Equal(ProviderFault.Misconfigured, AwsErrors.Sort(new AmazonClientException("Failed to resolve AWS credentials."))!.Kind);

    [Fact]
    public void Sort_WhatIsNotAwsDoing_IsNotSwallowed()
    {
        Assert.Null(AwsErrors.Sort(new OperationCanceledException()));
        Assert.Null(AwsErrors.Sort(new InvalidOperationException("a defect")));
    }
}
