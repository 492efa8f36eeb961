using System.Globalization;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Secrets;

namespace ControlPlane.Domain.Catalog;

/// <summary>What a source must be, and what may be asked of it when a machine is lost.</summary>
internal static class SourceRules
{
    /// <summary>The kind of a connection to a ClearML server.</summary>
    public const string ClearMl = "clearml";

    private const int MaxText = 1_024;

    public static void Check(FaultList faults, string path, SourceSpec source)
    {
        faults.Range($"{path}.pace", source.Pace, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        if (source.RestPace is { } rest)
            faults.Range($"{path}.restPace", rest, source.Pace, TimeSpan.FromHours(1));
        if (source.Kind == ClearMl && source.ClearMl is null)
            faults.Add($"{path}.clearml", "A source of kind clearml must say where its server is.", "Add clearml: with url, accessKey and secretKey.");
        else if (source.Kind != ClearMl && source.ClearMl is not null)
            faults.Add($"{path}.clearml", $"Only a source of kind clearml has a server; this one is of kind '{FaultList.Shorten(source.Kind)}'.", "Write kind: clearml, or remove it.");
        else if (source.ClearMl is { } server)
            Check(faults, $"{path}.clearml", server);
    }

    public static void Check(FaultList faults, string path, RequeueRules? rules)
    {
        if (rules is null)
            return;
        if (rules.Attempts is { } attempts)
            faults.Range($"{path}.attempts", attempts, 0, 1_000);
        if (rules.OnlyYounger is { } young)
            faults.Range($"{path}.onlyYounger", young, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365));
    }

    private static void Check(FaultList faults, string path, ClearMlSpec server)
    {
        CheckUrl(faults, $"{path}.url", server);
        CheckSecret(faults, $"{path}.accessKey", server.AccessKey);
        CheckSecret(faults, $"{path}.secretKey", server.SecretKey);
        if (server.ApiVersion != ClearMlSpec.AutoVersion && !IsVersion(server.ApiVersion))
            faults.Add($"{path}.apiVersion", $"'{FaultList.Shorten(server.ApiVersion)}' is no version of ClearML's API.", "Write auto, or a version from 2.13, such as \"2.23\", in quotes.");
        CheckPath(faults, $"{path}.caFile", server.CaFile);
        CheckPath(faults, $"{path}.clientCertificateFile", server.ClientCertificateFile);
        if (server is { Insecure: true, CaFile: not null })
            faults.Add($"{path}.insecure", "A certificate is either checked against caFile or not checked at all.", "Remove insecure; caFile is enough.");
        faults.Range($"{path}.timeout", server.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(2));
        faults.Range($"{path}.pageSize", server.PageSize, 1, 10_000);
    }

    private static void CheckUrl(FaultList faults, string path, ClearMlSpec server)
    {
        const string Fix = "Write the API server's address, such as https://api.clear.ml or http://host:8008.";
        if (server.Url.Length > MaxText || !Uri.TryCreate(server.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            faults.Add(path, $"'{FaultList.Shorten(server.Url)}' is no address of a server.", Fix);
        else if (url.UserInfo.Length > 0)
            faults.Add(path, "An address must hold no credentials: it is shown to whoever may read the configuration.", "Give them by accessKey and secretKey.");
        else if (url.Query.Length > 0 || url.Fragment.Length > 0)
            faults.Add(path, "The address has a query or a fragment.", Fix);
        else if (url.Scheme == "http" && (server.Insecure || server.CaFile is not null || server.ClientCertificateFile is not null))
            faults.Add(path, "An address with http has no certificates.", "Write https, or remove caFile, clientCertificateFile and insecure.");
    }

    private static void CheckSecret(FaultList faults, string path, SecretReference secret)
    {
        // The text is not repeated: it may be the secret itself.
        if (!SecretReference.TryParse(secret.Value, out _))
            faults.Add(path, "This is no reference to a secret.", SecretReference.Rule);
    }

    private static void CheckPath(FaultList faults, string path, string? file)
    {
        if (file is not null && (file.Length is 0 or > MaxText || file.Any(char.IsControl)))
            faults.Add(path, "This is no path of a file.", "Write the path of a PEM file on the node.");
    }

    private static bool IsVersion(string text)
    {
        var parts = text.Split('.');
        return parts is [var major, var minor] && major == "2"
            && int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 13 and < 1_000;
    }
}
