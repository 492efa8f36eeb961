using ControlPlane.Domain.Scaling;

namespace ControlPlane.Providers.Tests.Plugins;

// Policies that misbehave. Public, with parameterless constructors: a copy of this assembly in a plug-in folder is a plug-in.

public sealed class ThrowingPolicy : IScalingPolicy
{
    public ScalingAdvice Advise(Situation situation) => throw new InvalidDataException("the forecast has no Monday");
}

public sealed class ThrowingConstructorPolicy : IScalingPolicy
{
    public ThrowingConstructorPolicy() => throw new InvalidDataException("no licence");

    public ScalingAdvice Advise(Situation situation) => new(0, "never reached");
}

public sealed class NegativePolicy : IScalingPolicy
{
    public ScalingAdvice Advise(Situation situation) => new(-3, "three too many");
}

public sealed class SilentPolicy : IScalingPolicy
{
    public ScalingAdvice Advise(Situation situation) => new(1, " ");
}

public sealed class TalkativePolicy : IScalingPolicy
{
    public ScalingAdvice Advise(Situation situation) => new(1, new string('x', 1001));
}

public sealed class NullPolicy : IScalingPolicy
{
    public ScalingAdvice Advise(Situation situation) => null!;
}

public sealed class NeedsArgumentPolicy(int wanted) : IScalingPolicy
{
    public ScalingAdvice Advise(Situation situation) => new(wanted, "as told");
}

/// <summary>Loops until the test lets it go, so that no test leaves a spinning thread behind.</summary>
internal sealed class LoopingPolicy : IScalingPolicy, IDisposable
{
    private volatile bool released;
    private int calls;

    public int Calls => Volatile.Read(ref calls);

    public ScalingAdvice Advise(Situation situation)
    {
        Interlocked.Increment(ref calls);
        while (!released)
        {
            Thread.Yield();
        }

        return new ScalingAdvice(situation.Pending, "let go at last");
    }

    public void Dispose() => released = true;
}
