using Amazon;
using Amazon.EC2;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;
using Amazon.Runtime.Internal;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using ControlPlane.Domain.Catalog;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Providers.Aws;

/// <summary>
/// Makes the SDK's clients of one account and region. They repeat nothing by themselves: whether a call is made again, and with which token, is decided where it is
/// persisted.
/// </summary>
internal static class AwsClients
{
    /// <summary>How long one request may take. What is not answered by then is asked again with the same token.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static IAmazonEC2 Ec2(AwsSpec spec, ISecretReader secrets, TimeProvider time)
    {
        var credentials = Credentials(spec, secrets, time);
        return new Ec2Client(credentials, new CredentialsFirst(credentials), Configure(new AmazonEC2Config(), spec));
    }

    public static IAmazonSecurityTokenService SecurityToken(AwsSpec spec, ISecretReader secrets, TimeProvider time)
    {
        var credentials = Credentials(spec, secrets, time);
        return new SecurityTokenClient(credentials, new CredentialsFirst(credentials), Configure(new AmazonSecurityTokenServiceConfig(), spec));
    }

    public static AwsQuotas Quotas(AwsSpec spec, ISecretReader secrets, TimeProvider time)
    {
        var config = Configure(new AmazonSecurityTokenServiceConfig(), spec);
        config.AuthenticationRegion = spec.Region;
        var endpoint = spec.Endpoint is { } own ? new Uri(own) : AwsQuotas.EndpointOf(RegionEndpoint.GetBySystemName(spec.Region));
        return new AwsQuotas(Credentials(spec, secrets, time), config, endpoint, config.HttpClientFactory.CreateHttpClient(config));
    }

    private static T Configure<T>(T config, AwsSpec spec)
        where T : ClientConfig
    {
        config.MaxErrorRetry = 0;
        config.ThrottleRetries = false;
        config.HttpClientFactory = new AwsHttp();
        config.Timeout = Timeout;
        if (spec.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = spec.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(spec.Region);
        }

        return config;
    }

    private static AWSCredentials Credentials(AwsSpec spec, ISecretReader secrets, TimeProvider time)
    {
        if (spec.RoleArn is not { } role)
            return Source(spec, secrets);
        var caller = spec.WebIdentityTokenFile is null ? Source(spec, secrets) : new AnonymousAWSCredentials();
        return new AssumedRole(new AmazonSecurityTokenServiceClient(caller, Configure(new AmazonSecurityTokenServiceConfig(), spec)), role, spec.ExternalId, spec.WebIdentityTokenFile, time);
    }

    private static AWSCredentials Source(AwsSpec spec, ISecretReader secrets)
    {
        if (spec is { AccessKey: { } access, SecretKey: { } secret })
            return new SecretKey(secrets, access, secret, spec.SessionToken);
        return spec.Profile is { } profile ? new NamedProfile(profile) : new DefaultChain();
    }

    /// <summary>A key that stands in secrets: read for each call, so that a changed one takes effect without a restart.</summary>
    private sealed class SecretKey(ISecretReader secrets, SecretReference access, SecretReference secret, SecretReference? session) : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials()
        {
            try
            {
                return new ImmutableCredentials(secrets.Read(access), secrets.Read(secret), session is null ? null : secrets.Read(session));
            }
            catch (SecretException fault)
            {
                throw new AmazonClientException(fault.Message, fault);
            }
        }
    }

    private sealed class NamedProfile(string profile) : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials() => new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out var found)
            ? found.GetCredentials()
            : throw new AmazonClientException($"There is no profile '{profile}' in the AWS configuration files of this node.");
    }

    /// <summary>Asked for each call, so that a provider can be made where there are no credentials yet. The SDK keeps what it found.</summary>
    private sealed class DefaultChain : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials() => DefaultAWSCredentialsIdentityResolver.GetCredentials().GetCredentials();

        public override async Task<ImmutableCredentials> GetCredentialsAsync() =>
            await DefaultAWSCredentialsIdentityResolver.GetCredentials().GetCredentialsAsync().ConfigureAwait(false);
    }

    private sealed class Ec2Client(AWSCredentials credentials, CredentialsFirst first, AmazonEC2Config config) : AmazonEC2Client(credentials, config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            pipeline.AddHandlerBefore<Signer>(first);
        }
    }

    private sealed class SecurityTokenClient(AWSCredentials credentials, CredentialsFirst first, AmazonSecurityTokenServiceConfig config) : AmazonSecurityTokenServiceClient(credentials, config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            pipeline.AddHandlerBefore<Signer>(first);
        }
    }

    /// <summary>Awaits the credentials of a call before it is signed: the SDK's signer asks for them without waiting, and a role must be assumed by a call.</summary>
    private sealed class CredentialsFirst(AWSCredentials credentials) : PipelineHandler
    {
        public override async Task<T> InvokeAsync<T>(IExecutionContext executionContext)
        {
            await credentials.GetCredentialsAsync().ConfigureAwait(false);
            return await base.InvokeAsync<T>(executionContext).ConfigureAwait(false);
        }
    }

    /// <summary>A role, assumed anew some minutes before its hour is over.</summary>
    private sealed class AssumedRole(IAmazonSecurityTokenService service, string role, string? externalId, string? tokenFile, TimeProvider time) : AWSCredentials
    {
        private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);

        private readonly SemaphoreSlim _one = new(1, 1);
        private (ImmutableCredentials Credentials, DateTimeOffset Until)? _known;

        /// <summary>The SDK signs without waiting; <see cref="CredentialsFirst"/> has waited before.</summary>
        public override ImmutableCredentials GetCredentials() => _known?.Credentials ?? throw new AmazonClientException($"The role {role} has not been assumed yet.");

        public override async Task<ImmutableCredentials> GetCredentialsAsync()
        {
            await _one.WaitAsync().ConfigureAwait(false);
            try
            {
                if (_known is { } known && known.Until > time.GetUtcNow())
                    return known.Credentials;
                var fresh = await AssumeAsync().ConfigureAwait(false);
                var credentials = new ImmutableCredentials(fresh.AccessKeyId, fresh.SecretAccessKey, fresh.SessionToken);
                var ends = fresh.Expiration is { } expiration ? AwsMachines.Utc(expiration) : time.GetUtcNow() + TimeSpan.FromHours(1);
                _known = (credentials, ends - Early);
                return credentials;
            }
            finally
            {
                _one.Release();
            }
        }

        private async Task<Amazon.SecurityToken.Model.Credentials> AssumeAsync()
        {
            const string Session = "controlplane";
            if (tokenFile is null)
                return (await service.AssumeRoleAsync(new AssumeRoleRequest { RoleArn = role, RoleSessionName = Session, ExternalId = externalId }).ConfigureAwait(false)).Credentials;
            string token;
            try
            {
                token = await File.ReadAllTextAsync(tokenFile).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new AmazonClientException($"The web identity's token cannot be read: {fault.Message}", fault);
            }

            var request = new AssumeRoleWithWebIdentityRequest { RoleArn = role, RoleSessionName = Session, WebIdentityToken = token.Trim() };
            return (await service.AssumeRoleWithWebIdentityAsync(request).ConfigureAwait(false)).Credentials;
        }
    }
}
