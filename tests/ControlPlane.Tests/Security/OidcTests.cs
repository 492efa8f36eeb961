using System.Net;
using System.Security.Cryptography;
using ControlPlane.Audit;
using ControlPlane.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ControlPlane.Host.Tests.Security;

/// <summary>People's tokens of an OpenID Connect provider, which here is a small issuer on the loopback.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    private readonly RSA _key = RSA.Create(2048);
    private readonly WebApplication _issuer;
    private string _authority = "";

    public OidcTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _issuer = builder.Build();
        _issuer.MapGet("/.well-known/openid-configuration", () => new { issuer = _authority, jwks_uri = $"{_authority}/keys" });
        _issuer.MapGet("/keys", () =>
        {
            var key = _key.ExportParameters(false);
            return new { keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = "k1", n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) } } };
        });
    }

    public async Task InitializeAsync()
    {
        await _issuer.StartAsync();
        _authority = _issuer.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    public async Task DisposeAsync()
    {
        await _issuer.DisposeAsync();
        _key.Dispose();
    }

    [Fact]
    public async Task PeopleOfTheIssuer_HaveTheRoleThatTheirClaimSays()
    {
        await using var host = await GuardedHost.StartAsync(options: Options());

        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", null));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", Token("our-viewers")));
        Assert.Equal(HttpStatusCode.Forbidden, await host.StatusAsync("/api/v1/tokens", Token("our-viewers")));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tokens", Token("other", "admin")));
        Assert.Equal(HttpStatusCode.Forbidden, await host.StatusAsync("/api/v1/tasks", Token("viewer")));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/api/v1/tasks", await host.TokenAsync(Role.Viewer)));
    }

    [Fact]
    public async Task TokensForOthers_OfOthers_OrOfYesterday_AreRefused()
    {
        await using var host = await GuardedHost.StartAsync(options: Options());
        using var stranger = RSA.Create(2048);

        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", Token(["admin"], audience: "another")));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", Token(["admin"], issuer: "http://127.0.0.1:1")));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", Token(["admin"], key: stranger)));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync("/api/v1/tasks", Token(["admin"], life: TimeSpan.FromHours(-1))));
    }

    [Fact]
    public async Task ThePerson_StandsInTheAudit()
    {
        await using var host = await GuardedHost.StartAsync(options: Options());

        Assert.Equal(HttpStatusCode.Created, (await host.SendAsync(HttpMethod.Post, "/api/v1/tokens", Token("admin"), new { name = "ci", role = "operator" })).StatusCode);
        var entry = Assert.Single(await host.Audit.ListAsync(new AuditFilter(null, null, null), null, 10, default));
        Assert.Equal(("anna@example.com", "admin"), (entry.What.Caller.Name, entry.What.Caller.Role));
    }

    [Theory]
    [InlineData("http://login.example.com", "controlplane", "Use https")]
    [InlineData("nowhere", "controlplane", "issuer's address")]
    [InlineData("https://login.example.com", "", "Audience is missing")]
    public void FaultySettings_AreNamed(string authority, string audience, string fault) =>
        Assert.Contains(new OidcOptions { Authority = authority, Audience = audience }.Faults("Security:Oidc"), f => f.Contains(fault, StringComparison.Ordinal));

    private SecurityOptions Options() => new() { Oidc = new OidcOptions { Authority = _authority, Audience = "controlplane", NameClaim = "email", Viewer = "our-viewers" } };

    private string Token(params string[] roles) => Token(roles, audience: "controlplane");

    // The issuer's clock is the real one: the library compares times with it.
    private string Token(string[] roles, string audience = "controlplane", string? issuer = null, RSA? key = null, TimeSpan? life = null)
    {
        var now = DateTime.UtcNow;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? _authority,
            Audience = audience,
            IssuedAt = now.AddHours(-2),
            NotBefore = now.AddHours(-2),
            Expires = now + (life ?? TimeSpan.FromHours(1)),
            Claims = new Dictionary<string, object> { ["sub"] = "4711", ["email"] = "anna@example.com", ["roles"] = roles },
            SigningCredentials = new SigningCredentials(new RsaSecurityKey(key ?? _key) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256),
        });
    }
}
