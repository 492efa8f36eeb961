namespace ControlPlane.Providers.ClearMl;

/// <summary>The server refused a call in ClearML's own words. A subcode that the caller knows may be no fault at all.</summary>
internal sealed class ClearMlFault(int code, int subcode, string message) : Exception(message)
{
    /// <summary>As in HTTP.</summary>
    public int Code => code;

    /// <summary>The error within its class; see <see cref="Wire.ClearMlError"/>.</summary>
    public int Subcode => subcode;
}
