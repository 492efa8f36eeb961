namespace ControlPlane.Domain.Instances;

/// <summary>A machine that somebody else started and that an intent takes over, once its time is prepaid.</summary>
/// <param name="NativeId">The platform's id of it.</param>
/// <param name="Type">Its type, as its worker's name states it.</param>
public sealed record AdoptedMachine(string NativeId, string Type);
