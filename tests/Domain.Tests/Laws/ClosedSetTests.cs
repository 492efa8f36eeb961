using System.Reflection;
using System.Runtime.CompilerServices;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Deciding;
using ControlPlane.Domain.Instances;
using ControlPlane.Domain.Providers;
using ControlPlane.Domain.Queues;
using ControlPlane.Domain.Sources;
using ControlPlane.Domain.Tests.Kit;

namespace ControlPlane.Domain.Tests.Laws;

/// <summary>Switches over records cannot be checked by the compiler: every nested command has a rule, every nested event a fold.</summary>
public sealed class ClosedSetTests
{
    public static TheoryData<Type> Events => [.. Nested(typeof(LedgerEvent), typeof(ScalerEvent), typeof(GatewayEvent), typeof(InstanceEvent))];

    public static TheoryData<Type> Commands =>
        [.. Nested(typeof(LedgerCommand), typeof(ScalerCommand), typeof(GatewayCommand), typeof(InstanceCommand), typeof(WatcherCommand))];

    [Theory]
    [MemberData(nameof(Events))]
    public void Apply_EveryEvent_HasAFold(Type type) => AssertKnown(() =>
    {
        _ = RuntimeHelpers.GetUninitializedObject(type) switch
        {
            LedgerEvent e => (object)LedgerDecider.Apply(LedgerState.Initial, e),
            ScalerEvent e => ScalerDecider.Apply(ScalerState.Initial, e),
            GatewayEvent e => GatewayDecider.Apply(GatewayState.Initial, e),
            InstanceEvent e => InstanceDecider.Apply(Given.Instance(), e),
            _ => throw new InvalidOperationException(type.Name),
        };
    });

    [Theory]
    [MemberData(nameof(Commands))]
    public void Decide_EveryCommand_HasARule(Type type) => AssertKnown(() =>
    {
        var moment = new Moment(Given.Now, 1);
        _ = RuntimeHelpers.GetUninitializedObject(type) switch
        {
            LedgerCommand c => (object)LedgerDecider.Decide(LedgerState.Initial, c, moment),
            ScalerCommand c => ScalerDecider.Decide(ScalerState.Initial, c, moment),
            GatewayCommand c => GatewayDecider.Decide(GatewayState.Initial, c, moment),
            InstanceCommand c => InstanceDecider.Decide(Given.Instance(), c, Given.Now),
            WatcherCommand c => WatcherDecider.Decide(WatcherState.Initial, c, moment),
            _ => throw new InvalidOperationException(type.Name),
        };
    });

    private static IEnumerable<Type> Nested(params Type[] parents) => parents.SelectMany(p => p.GetNestedTypes(BindingFlags.Public)).Where(t => !t.IsAbstract);

    /// <summary>A rule that finds its arguments empty may stumble over them; one that is missing says so.</summary>
    private static void AssertKnown(Action action) => Assert.False(Record.Exception(action) is System.Diagnostics.UnreachableException { Message: var m } && m.StartsWith("No ", StringComparison.Ordinal));
}
