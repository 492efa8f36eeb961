using System.CommandLine;
using System.Security.Cryptography;
using ControlPlane.Certificates;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Cli;

/// <summary><c>certs</c>: a private authority, and certificates of nodes for what they say to each other.</summary>
internal static class CertificateVerbs
{
    private static readonly TimeSpan _lifetime = TimeSpan.FromDays(365);

    public static Command Build(Verbs verbs)
    {
        var name = new Option<string>("--name") { Description = "What the authority is called: controlplane.", HelpName = "NAME", DefaultValueFactory = _ => "controlplane" };
        var made = new Option<string>("--out") { Description = "The folder that it is made in: certs.", HelpName = "FOLDER", DefaultValueFactory = _ => "certs" };
        var node = new Argument<string>("NODE") { Description = "The node's name; its files are called so." };
        node.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (text.Length is 0 or > 64 || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || text.StartsWith('.')))
                result.AddError($"'{text}' is no name of a node. Write up to 64 letters, digits, '-', '_' and '.'.");
        });
        var authority = new Option<string>("--ca") { Description = "The authority's folder: certs.", HelpName = "FOLDER", DefaultValueFactory = _ => "certs" };
        var hosts = new Option<string[]>("--host") { Description = "A name or address under which the node is called: its own name. May be repeated.", HelpName = "HOST" };
        var output = new Option<string?>("--out") { Description = "Where the files go: the authority's folder.", HelpName = "FOLDER" };
        var lifetime = new Option<TimeSpan>("--for")
        {
            Description = "How long it is good: 365d.",
            HelpName = "DURATION",
            DefaultValueFactory = _ => _lifetime,
            CustomParser = result =>
            {
                if (DurationText.TryParse(result.Tokens[0].Value, out var length) && length > TimeSpan.Zero && length <= CertificateAuthority.Lifetime)
                    return length;
                result.AddError($"'{result.Tokens[0].Value}' is no time up to {CertificateAuthority.Lifetime.Days} days. Write a number with its unit, such as 365d.");
                return _lifetime;
            },
        };
        return Verbs.Group(
            "certs",
            "Make a private authority and certificates of nodes, for what nodes say to each other.",
            verbs.Make("init", "Make an authority: ca.crt, and ca.key, which signs and belongs in no node.", (i, _) => RunAsync(() =>
            {
                CertificateAuthority.Create(i.Value(made), i.Value(name), i.Time.GetUtcNow());
                i.Say($"{i.Value(made)} has an authority: ca.crt goes to every node, ca.key to none.");
            }), made, name),
            verbs.Make("issue", "Make a key for a node and sign it: NODE.crt and NODE.key.", (i, _) => RunAsync(() =>
            {
                var folder = i.Value(output) ?? i.Value(authority);
                CertificateAuthority.Issue(i.Value(authority), folder, i.Value(node), i.Value(hosts) ?? [], i.Value(lifetime), i.Time.GetUtcNow());
                i.Say($"{folder} has {i.Value(node)}.crt and {i.Value(node)}.key.");
            }), node, authority, hosts, output, lifetime));
    }

    private static Task<int> RunAsync(Action act)
    {
        try
        {
            act();
            return Task.FromResult(ExitCode.Ok);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new FaultyInputException(fault.Message);
        }
    }
}
