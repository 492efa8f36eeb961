using System.Security.Claims;
using ControlPlane.Audit;
using ControlPlane.Providers.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ControlPlane.Security;

/// <summary>Authentication, the policies of endpoints, tokens and audit.</summary>
public static class SecurityHosting
{
    private const string Either = "token-or-oidc";
    private const string Oidc = "oidc";

    /// <summary>Adds all of it on the given database. An endpoint without a policy of its own is for admins only.</summary>
    public static IServiceCollection AddControlPlaneSecurity(this IServiceCollection services, DatabaseKind kind, string connectionString, SecurityOptions options, Listening node)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options).AddSingleton(node);
        services.AddSingleton(_ => new SecurityDatabase(kind, connectionString));
        services.AddSingleton<AuditLog>().AddSingleton<TokenStore>().AddSingleton<TokenFiles>().AddSingleton<AuthenticationGate>();
        var authentication = services.AddAuthentication(schemes =>
        {
            schemes.DefaultScheme = options.Oidc is null ? TokenAuthentication.Name : Either;
            schemes.DefaultChallengeScheme = TokenAuthentication.Name;
            schemes.DefaultForbidScheme = TokenAuthentication.Name;
        });
        authentication.AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Name, _ => { });
        if (options.Oidc is { } oidc)
            AddOidc(authentication, oidc);
        var authorization = services.AddAuthorizationBuilder().SetFallbackPolicy(PolicyOf(Policies.Admin));
        foreach (var policy in Policies.Roles.Keys)
            authorization.AddPolicy(policy, policy == Policies.Metrics && node.OnLoopback ? new AuthorizationPolicyBuilder().RequireAssertion(_ => true).Build() : PolicyOf(policy));
        return services;
    }

    private static AuthorizationPolicy PolicyOf(string policy) =>
        new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireRole(Policies.Roles[policy].Select(Policies.Word)).Build();

    private static void AddOidc(AuthenticationBuilder authentication, OidcOptions oidc)
    {
        authentication.AddJwtBearer(Oidc, jwt =>
        {
            jwt.Authority = oidc.Authority;
            jwt.Audience = oidc.Audience;
            jwt.RequireHttpsMetadata = !oidc.IsPlain;
            jwt.MapInboundClaims = false;
            jwt.TokenValidationParameters.NameClaimType = ClaimTypes.Name;
            jwt.TokenValidationParameters.RoleClaimType = ClaimTypes.Role;
            jwt.Events = new JwtBearerEvents
            {
                // Only our own words count as roles from here on, whatever else the token says.
                OnTokenValidated = context =>
                {
                    var said = context.Principal!;
                    List<Claim> claims = [new(ClaimTypes.Name, said.FindFirstValue(oidc.NameClaim) ?? said.FindFirstValue("sub") ?? "unnamed")];
                    if (oidc.RoleOf(said.FindAll(oidc.RoleClaim).Select(c => c.Value)) is { } role)
                        claims.Add(new Claim(ClaimTypes.Role, Policies.Word(role)));
                    context.Principal = new ClaimsPrincipal(new ClaimsIdentity(claims, Oidc));
                    return Task.CompletedTask;
                },
            };
        });

        // A bearer token of three parts that does not end in one of ours is somebody's JWT.
        authentication.AddPolicyScheme(Either, null, either => either.ForwardDefaultSelector = context =>
        {
            var header = context.Request.Headers.Authorization.ToString();
            return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && header.Count(c => c == '.') == 2 && !ApiToken.TryParse(TokenAuthentication.Last(header.Trim()), out _)
                ? Oidc
                : TokenAuthentication.Name;
        });
    }
}
