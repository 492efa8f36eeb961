using System.Data.Common;

namespace ControlPlane.Security;

/// <summary>
/// Whether requests need a token. They do beyond the loopback; on the loopback once a token was made, even if it has expired or was revoked meanwhile: what was
/// closed does not open by itself. Thread safe.
/// </summary>
public sealed class AuthenticationGate(TokenStore tokens, TokenFiles files, SecurityOptions options, Listening node, TimeProvider time)
{
    private static readonly TimeSpan Belief = TimeSpan.FromSeconds(2);
    private readonly bool _always = !node.OnLoopback || options.RequireTokens || options.Oidc is not null || files.Count > 0;
    private long _openUntil;
    private volatile bool _closed;

    /// <summary>Whether everybody who reaches the node may do everything.</summary>
    public async ValueTask<bool> IsOpenAsync(CancellationToken cancel)
    {
        if (_always || _closed)
            return false;
        var now = time.GetUtcNow();
        if (now.UtcTicks < Interlocked.Read(ref _openUntil))
            return true;
        try
        {
            _closed = await tokens.AnyAsync(cancel).ConfigureAwait(false);
        }
        catch (DbException) when (Interlocked.Read(ref _openUntil) > 0)
        {
            // It was open when last seen. What asks for the database itself will fail by itself.
            return true;
        }

        if (!_closed)
            Interlocked.Exchange(ref _openUntil, (now + Belief).UtcTicks);
        return !_closed;
    }

    /// <summary>Null if the node may start; else why not, and what to do.</summary>
    public async Task<string?> WhyNotStartAsync(string url, CancellationToken cancel)
    {
        if (node.OnLoopback || options.Oidc is not null || files.Count > 0)
            return null;
        var now = time.GetUtcNow();
        var good = (await tokens.ListAsync(cancel).ConfigureAwait(false)).Any(t => t.IsGood(now) && t.Role != Role.Worker);
        return good
            ? null
            : $"Node:Url is '{url}', which others can reach, and no authentication is configured: there is no token, no Security:Tokens file and no Security:Oidc. "
                + "Make a token with 'controlplane tokens create admin --role admin' on the same database, or listen on the loopback, such as http://127.0.0.1:8470.";
    }
}
