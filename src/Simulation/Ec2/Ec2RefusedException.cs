namespace ControlPlane.Simulation.Ec2;

/// <summary>An error as EC2 answers it. Thrown where a rule refuses, and turned into the answer in one place.</summary>
public sealed class Ec2RefusedException(string code, string message, int status = 400) : Exception(message)
{
    /// <summary>EC2's error code, such as <c>InvalidParameterValue</c>.</summary>
    public string Code => code;

    /// <summary>The HTTP status that comes with it.</summary>
    public int Status => status;

    public static Ec2RefusedException BadValue(string message) => new("InvalidParameterValue", message);

    public static Ec2RefusedException BadCombination(string message) => new("InvalidParameterCombination", message);

    /// <summary>What a token bucket answers [S]; the status is [M].</summary>
    public static Ec2RefusedException Throttled() => new("RequestLimitExceeded", "Request limit exceeded.", 503);
}
