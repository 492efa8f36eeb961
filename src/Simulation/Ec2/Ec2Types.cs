using System.Globalization;

namespace ControlPlane.Simulation.Ec2;

/// <summary>A machine type as the emulated region sells it.</summary>
/// <param name="Name">Such as <c>g5.xlarge</c>.</param>
/// <param name="Cpus">Its vCPUs.</param>
/// <param name="MemoryMib">Its memory in MiB.</param>
/// <param name="Gpus">Its GPUs.</param>
/// <param name="Architecture"><c>x86_64</c> or <c>arm64</c>.</param>
/// <param name="HourlyPrice">On demand, Linux, US dollars an hour.</param>
public sealed record Ec2Type(string Name, int Cpus, int MemoryMib, int Gpus, string Architecture, decimal HourlyPrice)
{
    /// <summary>The class whose vCPU quota it counts against, by the letters of its family [S].</summary>
    public string QuotaClass => new string([.. Name.TakeWhile(char.IsAsciiLetterLower)]) switch
    {
        "g" or "vt" or "gr" => "g",
        "p" => "p",
        "x" => "x",
        "inf" => "inf",
        "trn" => "trn",
        "dl" => "dl",
        "f" => "f",
        "u" => "u",
        _ => "standard",
    };
}

/// <summary>The types that the emulator knows: the usual ones for queues of tasks, at the list prices of us-east-1 in July 2026 [S].</summary>
public static class Ec2Types
{
    private const string Table = """
        c5.2xlarge,8,16384,0,x86_64,0.34
        c5.4xlarge,16,32768,0,x86_64,0.68
        c5.large,2,4096,0,x86_64,0.085
        c5.xlarge,4,8192,0,x86_64,0.17
        c6g.large,2,4096,0,arm64,0.068
        c6i.large,2,4096,0,x86_64,0.085
        c6i.xlarge,4,8192,0,x86_64,0.17
        c7i.8xlarge,32,65536,0,x86_64,1.428
        g4dn.12xlarge,48,196608,4,x86_64,3.912
        g4dn.16xlarge,64,262144,1,x86_64,4.352
        g4dn.2xlarge,8,32768,1,x86_64,0.752
        g4dn.4xlarge,16,65536,1,x86_64,1.204
        g4dn.8xlarge,32,131072,1,x86_64,2.176
        g4dn.xlarge,4,16384,1,x86_64,0.526
        g5.12xlarge,48,196608,4,x86_64,5.672
        g5.24xlarge,96,393216,4,x86_64,8.144
        g5.2xlarge,8,32768,1,x86_64,1.212
        g5.48xlarge,192,786432,8,x86_64,16.288
        g5.4xlarge,16,65536,1,x86_64,1.624
        g5.8xlarge,32,131072,1,x86_64,2.448
        g5.xlarge,4,16384,1,x86_64,1.006
        g5g.xlarge,4,8192,1,arm64,0.42
        g6.12xlarge,48,196608,4,x86_64,4.6016
        g6.2xlarge,8,32768,1,x86_64,0.9776
        g6.48xlarge,192,786432,8,x86_64,13.3504
        g6.4xlarge,16,65536,1,x86_64,1.3232
        g6.xlarge,4,16384,1,x86_64,0.8048
        g6e.12xlarge,48,393216,4,x86_64,10.4926
        g6e.2xlarge,8,65536,1,x86_64,2.24208
        g6e.xlarge,4,32768,1,x86_64,1.861
        inf2.xlarge,4,16384,0,x86_64,0.7582
        m5.2xlarge,8,32768,0,x86_64,0.384
        m5.4xlarge,16,65536,0,x86_64,0.768
        m5.large,2,8192,0,x86_64,0.096
        m5.xlarge,4,16384,0,x86_64,0.192
        m6i.2xlarge,8,32768,0,x86_64,0.384
        m6i.large,2,8192,0,x86_64,0.096
        m6i.xlarge,4,16384,0,x86_64,0.192
        m7i.large,2,8192,0,x86_64,0.1008
        m7i.xlarge,4,16384,0,x86_64,0.2016
        p3.16xlarge,64,499712,8,x86_64,24.48
        p3.2xlarge,8,62464,1,x86_64,3.06
        p3.8xlarge,32,249856,4,x86_64,12.24
        p4d.24xlarge,96,1179648,8,x86_64,21.9576
        p4de.24xlarge,96,1179648,8,x86_64,27.4471
        p5.48xlarge,192,2097152,8,x86_64,55.04
        p5.4xlarge,16,262144,1,x86_64,6.88
        r5.large,2,16384,0,x86_64,0.126
        r5.xlarge,4,32768,0,x86_64,0.252
        r6i.large,2,16384,0,x86_64,0.126
        t3.large,2,8192,0,x86_64,0.0832
        t3.medium,2,4096,0,x86_64,0.0416
        t3.micro,2,1024,0,x86_64,0.0104
        t3.xlarge,4,16384,0,x86_64,0.1664
        trn1.2xlarge,8,32768,0,x86_64,1.34375
        x1.16xlarge,64,999424,0,x86_64,6.669
        """;

    public static IReadOnlyList<Ec2Type> All { get; } =
    [
        .. from line in Table.Split('\n')
           let fields = line.Trim().Split(',')
           select new Ec2Type(fields[0], Number(fields[1]), Number(fields[2]), Number(fields[3]), fields[4], decimal.Parse(fields[5], CultureInfo.InvariantCulture)),
    ];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
