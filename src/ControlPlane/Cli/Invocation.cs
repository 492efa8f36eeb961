using System.CommandLine;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Cli;

/// <summary>Options that every verb takes.</summary>
internal sealed class GlobalOptions
{
    public const string ServerVariable = "CONTROLPLANE_SERVER";
    public const string TokenVariable = "CONTROLPLANE_TOKEN";
    public const string TokenFileVariable = "CONTROLPLANE_TOKEN_FILE";
    private static readonly TimeSpan _defaultTimeout = TimeSpan.FromSeconds(30);

    public GlobalOptions(Terminal terminal)
    {
        Server = new Option<Uri>("--server")
        {
            Description = $"The node to talk to. Also by {ServerVariable}.",
            HelpName = "URL",
            Recursive = true,
            CustomParser = result => ParseServer(result.Tokens[0].Value, result.AddError),
            DefaultValueFactory = result => terminal.Variable(ServerVariable) is { } url
                ? ParseServer(url, fault => result.AddError($"{ServerVariable}: {fault}"))!
                : new Uri(RunArguments.DefaultListen),
        };
        Token = new Option<string?>("--token")
        {
            Description = $"The API token. Better by {TokenVariable}, because a command line can be read by others.",
            HelpName = "TOKEN",
            Recursive = true,
        };
        TokenFile = new Option<string?>("--token-file")
        {
            Description = $"A file that holds the API token. Also by {TokenFileVariable}.",
            HelpName = "FILE",
            Recursive = true,
        };
        Timeout = new Option<TimeSpan>("--timeout")
        {
            Description = "How long one request may take: 100ms to 1h.",
            HelpName = "DURATION",
            Recursive = true,
            CustomParser = result => ParseTimeout(result.Tokens[0].Value, result.AddError),
            DefaultValueFactory = _ => _defaultTimeout,
        };
    }

    public Option<Uri> Server { get; }

    public Option<string?> Token { get; }

    public Option<string?> TokenFile { get; }

    public Option<TimeSpan> Timeout { get; }

    private static Uri? ParseServer(string text, Action<string> refuse)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            return url;

        refuse($"'{text}' is no address of a server. Write it in full, such as {RunArguments.DefaultListen}.");
        return null;
    }

    private static TimeSpan ParseTimeout(string text, Action<string> refuse)
    {
        if (DurationText.TryParse(text, out var timeout) && timeout >= TimeSpan.FromMilliseconds(100) && timeout <= TimeSpan.FromHours(1))
            return timeout;

        refuse($"'{text}' is no time from 100ms to 1h. Write a number with its unit, such as 30s.");
        return _defaultTimeout;
    }
}

/// <summary>One run of a verb: its values and its surroundings.</summary>
internal sealed class Invocation(ParseResult parse, CommandParts parts, GlobalOptions options)
{
    public Terminal Terminal => parts.Terminal;

    public TimeProvider Time => parts.Time;

    public CommandParts Parts => parts;

    public T Value<T>(Option<T> option) => parse.GetValue(option)!;

    public T Value<T>(Argument<T> argument) => parse.GetValue(argument)!;

    public bool Has(Option option) => parse.GetResult(option) is { Implicit: false };

    /// <summary>The command line or the environment says which server to talk to.</summary>
    public bool NamesServer => Has(options.Server) || Terminal.Variable(GlobalOptions.ServerVariable) is not null;

    /// <summary>A client of the server that the command line names. The caller disposes it.</summary>
    public ApiClient Connect() => Connect(Value(options.Server));

    public ApiClient Connect(Uri server) =>
        new(new ApiSettings { Server = server, Token = Token(), Timeout = Value(options.Timeout) }, parts.Http(), parts.Time);

    /// <summary>From the command line, then from the environment; a token before a file.</summary>
    private string? Token()
    {
        if ((Value(options.Token) ?? (Has(options.TokenFile) ? null : Terminal.Variable(GlobalOptions.TokenVariable))) is { } token)
            return token;
        if ((Value(options.TokenFile) ?? Terminal.Variable(GlobalOptions.TokenFileVariable)) is not { } file)
            return null;
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new FaultyInputException($"The token's file {file} cannot be read: {e.Message}");
        }
    }

    /// <summary>A line of results.</summary>
    public void Say(string line) => Terminal.Output.WriteLine(Printable.Line(line));

    /// <summary>A remark beside the results.</summary>
    public void Remark(string line) => Terminal.ErrorOutput.WriteLine(Printable.Line(line));

    /// <summary>Reads a file, or standard input for <c>-</c>.</summary>
    /// <exception cref="FaultyInputException">It cannot be read, or is larger than allowed.</exception>
    public async Task<string> ReadAsync(string file, int mostBytes, CancellationToken cancel)
    {
        try
        {
            if (file == "-")
                return await ReadInputAsync(mostBytes, cancel);
            if (new FileInfo(file) is { Exists: true } info && info.Length > mostBytes)
                throw new FaultyInputException($"{file} has {info.Length:N0} bytes, and {mostBytes:N0} are allowed.");
            return await File.ReadAllTextAsync(file, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FaultyInputException($"{file} cannot be read: {e.Message}");
        }
    }

    private async Task<string> ReadInputAsync(int mostBytes, CancellationToken cancel)
    {
        var buffer = new char[mostBytes + 1];
        var length = await Terminal.Input.ReadBlockAsync(buffer, cancel);
        return length <= mostBytes ? new string(buffer, 0, length) : throw new FaultyInputException($"Standard input has more than the {mostBytes:N0} bytes that are allowed.");
    }
}
