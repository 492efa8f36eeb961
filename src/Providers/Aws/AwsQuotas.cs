using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.Runtime.Internal.Util;
using ControlPlane.Domain.Pricing;

namespace ControlPlane.Providers.Aws;

/// <summary>What an account may have in a region.</summary>
/// <param name="Code">Its code at Service Quotas.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Cpus">vCPUs that may run at once.</param>
public sealed record AwsQuota(string Code, string Name, double Cpus);

/// <summary>
/// Reads quotas of vCPUs from the Service Quotas API. The one call that is needed, GetServiceQuota, is made here over the API's JSON protocol (API reference 2019-06-24) and signed by
/// the SDK's own signer. Thread safe.
/// </summary>
public sealed class AwsQuotas
{
    private const string Service = "servicequotas";
    private const string Json = "application/x-amz-json-1.1";

    /// <summary>By the class of a type's family: on demand, spot. The names are told by the service.</summary>
    private static readonly Dictionary<string, (string OnDemand, string Spot)> Codes = new(StringComparer.Ordinal)
    {
        ["standard"] = ("L-1216C47A", "L-34B43A08"),
        ["g"] = ("L-DB2E81BA", "L-3819A6DF"),
        ["p"] = ("L-417A185B", "L-7212CCBC"),
    };

    private readonly AWSCredentials _credentials;
    private readonly ClientConfig _config;
    private readonly Uri _endpoint;
    private readonly HttpClient _http;

    internal AwsQuotas(AWSCredentials credentials, ClientConfig config, Uri endpoint, HttpClient http) =>
        (_credentials, _config, _endpoint, _http) = (credentials, config, endpoint, http);

    /// <summary>Where the service is in a region.</summary>
    internal static Uri EndpointOf(RegionEndpoint region) => new($"https://{Service}.{region.SystemName}.{region.PartitionDnsSuffix}/");

    /// <summary>The code of the quota that machines of a type count against; null if this program does not know it.</summary>
    public static string? CodeOf(string type, Market market)
    {
        var family = new string([.. type.TakeWhile(char.IsAsciiLetterLower)]);
        var known = family switch
        {
            "g" or "gr" or "vt" => "g",

            // The spot quota is one of P4, P3 and P2; newer ones have their own.
            "p" when market == Market.OnDemand || type is ['p', '2' or '3' or '4', ..] => "p",
            "a" or "c" or "d" or "h" or "i" or "m" or "r" or "t" or "z" or "is" or "im" => "standard",
            _ => "",
        };
        return Codes.TryGetValue(known, out var codes) ? market == Market.Spot ? codes.Spot : codes.OnDemand : null;
    }

    /// <summary>The quota of that code.</summary>
    /// <exception cref="AmazonServiceException">The service refuses, or knows no value.</exception>
    /// <exception cref="HttpRequestException">It did not answer.</exception>
    public async Task<AwsQuota> ReadAsync(string code, CancellationToken cancel)
    {
        var body = new JsonObject { ["ServiceCode"] = "ec2", ["QuotaCode"] = code }.ToJsonString();
        using var request = await SignedAsync("GetServiceQuota", Encoding.UTF8.GetBytes(body)).ConfigureAwait(false);
        using var answer = await _http.SendAsync(request, cancel).ConfigureAwait(false);
        var text = await answer.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
        var json = Parse(text);
        if (!answer.IsSuccessStatusCode)
            throw Refusal(json, (int)answer.StatusCode);
        return json?["Quota"] is JsonObject quota && quota["Value"]?.GetValue<double>() is { } value
            ? new AwsQuota(code, quota["QuotaName"]?.GetValue<string>() ?? code, value)
            : throw new AmazonServiceException($"Service Quotas tells no value of {code}.");
    }

    private static AmazonServiceException Refusal(JsonObject? json, int status)
    {
        // A type may bear the namespace of its service before a '#'.
        var code = json?["__type"]?.GetValue<string>() is { } type ? type[(type.IndexOf('#', StringComparison.Ordinal) + 1)..] : "";
        var message = json?["message"]?.GetValue<string>() ?? json?["Message"]?.GetValue<string>() ?? $"Service Quotas answered with status {status}.";
        return new AmazonServiceException(message) { ErrorCode = code, StatusCode = (System.Net.HttpStatusCode)status };
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<HttpRequestMessage> SignedAsync(string action, byte[] body)
    {
        var credentials = await _credentials.GetCredentialsAsync().ConfigureAwait(false);
        using var plain = new DefaultRequest(new Call(), Service) { HttpMethod = "POST", Endpoint = _endpoint, ResourcePath = "/", Content = body };
        plain.Headers["Content-Type"] = Json;
        plain.Headers["X-Amz-Target"] = $"ServiceQuotasV20190624.{action}";
        if (credentials.UseToken)
            plain.Headers["X-Amz-Security-Token"] = credentials.Token;
        var signature = new AWS4Signer().SignRequest(plain, _config, new RequestMetrics(), credentials.AccessKey, credentials.SecretKey);
        var request = new HttpRequestMessage(HttpMethod.Post, _endpoint) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(Json);
        foreach (var (name, value) in plain.Headers.Where(h => !h.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)))
            request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation("Authorization", signature.ForAuthorizationHeader);
        return request;
    }

    /// <summary>The SDK signs requests of its services' kinds; this is ours.</summary>
    private sealed class Call : AmazonWebServiceRequest;
}
