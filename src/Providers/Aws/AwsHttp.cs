using System.Collections.Concurrent;
using System.Net;
using System.Runtime.ExceptionServices;
using Amazon.Runtime;

namespace ControlPlane.Providers.Aws;

/// <summary>
/// The HTTP client of the SDK's clients. The SDK, told to repeat nothing, still sends a request ten times again whose connection broke (seen with AWSSDK.Core 4.0.102),
/// and .NET itself does so on a connection that it had kept: such calls count against the account's limits, and that an answer was lost is seen by nobody. Here each call
/// of the SDK, known by its invocation id, is sent once, and what broke is told.
/// </summary>
internal sealed class AwsHttp : Amazon.Runtime.HttpClientFactory
{
    private readonly Lazy<HttpClient> _client = new(() => new HttpClient(new OnceHandler(new SocketsHttpHandler
    {
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        AutomaticDecompression = DecompressionMethods.None,
        AllowAutoRedirect = false,
    }))
    {
        Timeout = AwsClients.Timeout,
    });

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client.Value;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    private sealed class OnceHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const string Invocation = "amz-sdk-invocation-id";
        private const int MostKept = 1_000;

        private readonly ConcurrentDictionary<string, ExceptionDispatchInfo> _broken = new(StringComparer.Ordinal);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var call = request.Headers.TryGetValues(Invocation, out var ids) ? ids.FirstOrDefault() : null;
            if (call is not null && _broken.TryGetValue(call, out var before))
                before.Throw();
            if (request.Content is { } content)
                request.Content = new OnceContent(content);
            try
            {
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception broken) when (call is not null)
            {
                // A call is repeated within seconds or never, so the old may be forgotten.
                if (_broken.Count >= MostKept)
                    _broken.Clear();
                _broken[call] = ExceptionDispatchInfo.Capture(broken);
                throw;
            }
        }
    }

    private sealed class OnceContent : HttpContent
    {
        private readonly HttpContent _content;
        private int _sent;

        public OnceContent(HttpContent content)
        {
            _content = content;
            foreach (var (name, values) in content.Headers)
                Headers.TryAddWithoutValidation(name, values);
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => Interlocked.Exchange(ref _sent, 1) == 0
            ? _content.CopyToAsync(stream, context, cancellationToken)
            : throw new IOException("The connection broke before the answer began: whether the call took effect is not known.");

        protected override bool TryComputeLength(out long length)
        {
            length = _content.Headers.ContentLength ?? 0;
            return _content.Headers.ContentLength is not null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _content.Dispose();
            base.Dispose(disposing);
        }
    }
}
