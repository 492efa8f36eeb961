namespace ControlPlane.House.Tests;

internal static class HouseRule
{
    /// <summary>Fails with all that breaks a rule, and why there is such a rule.</summary>
    public static void Holds(string rule, IEnumerable<string> faults)
    {
        IReadOnlyList<string> all = [.. faults.Distinct()];
        Assert.True(all.Count == 0, $"{rule}\n  {string.Join("\n  ", all)}\n");
    }
}
