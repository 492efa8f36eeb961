using System.CommandLine;
using System.Runtime.InteropServices;

namespace ControlPlane.Cli;

/// <summary>The command line <c>controlplane</c>. docs/cli.md shows every verb.</summary>
public static class CommandLine
{
    /// <summary>Runs a command line to its end, or until a signal. Never throws on account of its input or the server.</summary>
    /// <returns>An <see cref="ExitCode"/>, or what the verb <c>run</c>, <c>worker</c>, <c>simulate</c> or <c>emulate</c> returned.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> arguments, CommandParts parts, CancellationToken cancel = default)
    {
        var terminal = parts.Terminal;
        var parse = Build(parts).Parse(arguments);
        if (parse.Errors.Count > 0)
        {
            foreach (var error in parse.Errors)
                terminal.ErrorOutput.WriteLine(Printable.Line(error.Message));
            terminal.ErrorOutput.WriteLine($"Try '{NameOf(parse.CommandResult.Command)} --help'.");
            return ExitCode.Usage;
        }

        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            // A node takes its time to leave, so nothing here ends the process after a second or two.
            return await parse.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                    Output = terminal.Output,
                    Error = terminal.ErrorOutput,
                },
                interrupt.Token);
        }
        catch (RefusedException e)
        {
            ProblemText.Write(e.Problem, terminal.ErrorOutput);
            return ExitCode.Refused;
        }
        catch (FaultyInputException e)
        {
            terminal.ErrorOutput.WriteLine(Printable.Lines(e.Message));
            return ExitCode.Refused;
        }
        catch (UnreachableServerException e)
        {
            terminal.ErrorOutput.WriteLine(Printable.Line(e.Message));
            return ExitCode.Unreachable;
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException)
        {
            terminal.ErrorOutput.WriteLine($"The connection broke off: {Printable.Line(e.Message)}");
            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }

        void Stop(PosixSignalContext context)
        {
            // The second signal is not ours: it ends the process.
            context.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        }
    }

    /// <summary>The verbs with their options. Without a verb it is <c>run</c>.</summary>
    public static RootCommand Build(CommandParts parts)
    {
        var options = new GlobalOptions(parts.Terminal);
        var root = new RootCommand("Scales machines for queues of machine-learning tasks, and never on money that is not set aside. Without a verb: run.")
        {
            options.Server, options.Token, options.TokenFile, options.Timeout,
        };
        var verbs = new Verbs(parts, options);
        Verbs.Add(root, NodeVerbs.Run(verbs, root));
        Verbs.Add(root, Demo.DemoVerb.Build(verbs));
        Verbs.Add(root, ConfigurationVerbs.Build(verbs));
        Verbs.Add(root, [ImportVerbs.Build(verbs), AdoptVerb.Build(verbs)]);
        Verbs.Add(root, [GetVerb.Build(verbs), ExplainVerb.Build(verbs)]);
        Verbs.Add(root, OperatorVerbs.Build(verbs));
        Verbs.Add(root, PlatformVerbs.Build(verbs));
        Verbs.Add(root, [TaskVerbs.Build(verbs)]);
        Verbs.Add(root, [TokenVerbs.Build(verbs), CertificateVerbs.Build(verbs), NodeVerbs.Health(verbs)]);
        Verbs.Add(root, NodeVerbs.Others(verbs));
        return root;
    }

    private static string NameOf(Command command)
    {
        var names = new Stack<string>();
        for (var c = command; c is not RootCommand; c = c.Parents.OfType<Command>().First())
            names.Push(c.Name);
        return string.Join(' ', names.Prepend("controlplane"));
    }
}

/// <summary>Makes verbs that know their surroundings.</summary>
internal sealed class Verbs(CommandParts parts, GlobalOptions options)
{
    public CommandParts Parts => parts;

    public Command Make(string name, string description, Func<Invocation, CancellationToken, Task<int>> run, params Symbol[] symbols)
    {
        var command = Group(name, description, symbols);
        command.SetAction((parse, cancel) => run(new Invocation(parse, parts, options), cancel));
        return command;
    }

    /// <summary>A verb that only has verbs of its own.</summary>
    public static Command Group(string name, string description, params Symbol[] symbols)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Option option: command.Add(option); break;
                case Argument argument: command.Add(argument); break;
                case Command verb: command.Add(verb); break;
            }
        }

        return command;
    }

    public void Attach(Command command, Func<Invocation, CancellationToken, Task<int>> run) =>
        command.SetAction((parse, cancel) => run(new Invocation(parse, parts, options), cancel));

    public static void Add(Command parent, IEnumerable<Command> verbs)
    {
        foreach (var verb in verbs)
            parent.Add(verb);
    }
}

/// <summary>A refusal as it is printed: title, detail, then the errors, one a line.</summary>
internal static class ProblemText
{
    public static void Write(Problem problem, TextWriter output)
    {
        output.WriteLine(Printable.Line(problem.Title));
        if (problem.Detail.Length > 0)
            output.WriteLine(Printable.Line(problem.Detail));
        foreach (var error in problem.Errors)
            output.WriteLine($"  {Printable.Line(error.ToString())}");
    }
}
