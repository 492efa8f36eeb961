using Xunit.Abstractions;
using Xunit.Sdk;

namespace ControlPlane.ClusterTests;

/// <summary>The place of a scenario: they share one cluster, and run one after another.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PlaceAttribute(int place) : Attribute
{
    public int Place => place;
}

/// <summary>Runs the scenarios by their <see cref="PlaceAttribute"/>.</summary>
public sealed class InOrder : ITestCaseOrderer
{
    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase => testCases.OrderBy(c => c.TestMethod.Method.GetCustomAttributes(typeof(PlaceAttribute)).Single().GetNamedArgument<int>(nameof(PlaceAttribute.Place)));
}
