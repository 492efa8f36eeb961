using ControlPlane.Domain.Instances;

namespace ControlPlane.Domain.Providers;

/// <summary>Consoles of instances whose boot was stuck. Nothing waits for them: a few are read at a time, and whoever found no place asks again.</summary>
internal static class Consoles
{
    /// <summary>Many instances stick together as a rule, for one reason, and a platform's calls are needed to end them.</summary>
    private const int MostAtOnce = 4;

    public static void Ask(GatewayStep step, GatewayCommand.ReadConsole command)
    {
        var instance = command.Instance.Instance;
        if (step.Spec is null || step.State.TerminationsShort || step.State.Reading.Count >= MostAtOnce || step.State.Reading.ContainsKey(instance))
            return;
        step.Note(s => s with { Reading = s.Reading.Add(instance, command.Queue) });
        step.Do(new GatewayEffect.CallConsole(command.Instance));
    }

    public static void Answered(GatewayStep step, GatewayCommand.ConsoleAnswered command)
    {
        if (!step.State.Reading.TryGetValue(command.Instance, out var queue))
            return;
        step.Note(s => s with { Reading = s.Reading.Remove(command.Instance) });
        if (command.Read)
            step.Do(new GatewayEffect.TellInstance(queue, command.Instance, new InstanceCommand.ConsoleRead(command.Text)));
    }
}
