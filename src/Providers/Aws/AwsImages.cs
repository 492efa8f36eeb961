using System.Collections.Concurrent;
using Amazon.EC2;
using Amazon.EC2.Model;
using ControlPlane.Domain.Pools;

namespace ControlPlane.Providers.Aws;

/// <summary>Finds the images that pools name. What a name stands for is kept for some minutes. Thread safe.</summary>
internal sealed class AwsImages(IAmazonEC2 ec2, TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(string Owner, string Name), (string Id, DateTimeOffset Until)> _known = new();

    /// <summary>What RunInstances takes as the image.</summary>
    /// <exception cref="AmazonEC2Exception">The call failed, or no image has that name (<c>InvalidAMIID.NotFound</c>).</exception>
    public async Task<string> ResolveAsync(AwsImage image, CancellationToken cancel)
    {
        if (image.Id is { } id)
            return id;
        if (image.Parameter is { } parameter)
            return $"resolve:ssm:{parameter}";
        var key = (image.Owner ?? "self", image.Name ?? "");
        if (_known.TryGetValue(key, out var known) && known.Until > time.GetUtcNow())
            return known.Id;
        var found = await FindAsync(ec2, key.Item1, key.Item2, cancel).ConfigureAwait(false) is [var newest, ..]
            ? newest
            : throw new AmazonEC2Exception($"No image of the owner '{key.Item1}' is named '{key.Item2}'.") { ErrorCode = "InvalidAMIID.NotFound", StatusCode = System.Net.HttpStatusCode.BadRequest };
        _known[key] = (found.ImageId, time.GetUtcNow() + Kept);
        return found.ImageId;
    }

    /// <summary>The images of that name, the newest first.</summary>
    public static async Task<IReadOnlyList<Image>> FindAsync(IAmazonEC2 ec2, string owner, string name, CancellationToken cancel)
    {
        var answer = await ec2.DescribeImagesAsync(
            new DescribeImagesRequest { Owners = [owner], Filters = [new Filter("name", [name]), new Filter("state", ["available"])] }, cancel).ConfigureAwait(false);
        // Times of one form compare as texts.
        return [.. (answer.Images ?? []).OrderByDescending(i => i.CreationDate, StringComparer.Ordinal)];
    }
}
