using Spectre.Console;

namespace ControlPlane.Cli;

/// <summary>Where a command reads and writes. Without a terminal, or with <c>NO_COLOR</c>, nothing is coloured; without a terminal no line is broken.</summary>
public sealed class Terminal
{
    private const int Unbroken = 4_000;
    private readonly Func<string, string?> _variable;

    /// <param name="output">Results.</param>
    /// <param name="error">Errors and remarks.</param>
    /// <param name="input">For <c>-f -</c>.</param>
    /// <param name="interactive">Results go to a terminal, and may move its cursor.</param>
    /// <param name="variable">Reads an environment variable.</param>
    /// <param name="width">Columns of a terminal; null to ask it.</param>
    public Terminal(TextWriter output, TextWriter error, TextReader input, bool interactive, Func<string, string?> variable, int? width = null)
    {
        (Output, ErrorOutput, Input, Interactive, _variable) = (output, error, input, interactive, variable);
        Out = Open(output, interactive, width);
        Error = Open(error, false, null);
    }

    public TextWriter Output { get; }

    public TextWriter ErrorOutput { get; }

    public TextReader Input { get; }

    public bool Interactive { get; }

    public IAnsiConsole Out { get; }

    public IAnsiConsole Error { get; }

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess() => new(
        Console.Out, Console.Error, Console.In, !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb", Environment.GetEnvironmentVariable);

    public string? Variable(string name) => _variable(name) is { Length: > 0 } value ? value : null;

    private IAnsiConsole Open(TextWriter writer, bool interactive, int? width)
    {
        var coloured = interactive && Variable("NO_COLOR") is null;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = interactive ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = coloured ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        if (width is { } columns)
            console.Profile.Width = columns;
        else if (!interactive)
            console.Profile.Width = int.TryParse(Variable("COLUMNS"), out var wanted) && wanted >= 20 ? wanted : Unbroken;
        return console;
    }
}
