namespace ControlPlane.Providers.Bootstrap;

/// <summary>How a machine learns its id at its cloud.</summary>
public enum GuestPlatform
{
    /// <summary>Amazon EC2: the instance id, by the metadata service in its second version.</summary>
    Ec2,

    /// <summary>Google Compute Engine: the instance's name, by the metadata server.</summary>
    Gce,

    /// <summary>Anywhere else: the machine's host name.</summary>
    Hostname,
}
