using System.ComponentModel.DataAnnotations;
using ControlPlane.Domain.Instances;
using Microsoft.Extensions.Options;

namespace ControlPlane.Providers.Local;

/// <summary>Settings of a provider of local processes.</summary>
public sealed class LocalProviderOptions : IValidatableObject
{
    /// <summary>The folder that holds one state folder for each instance. Created if missing; nodes on one machine may share it.</summary>
    [Required]
    public required string Root { get; init; }

    /// <summary>The cluster whose machines these are. Folders of another cluster are left alone.</summary>
    [Required]
    [StringLength(63, MinimumLength = 1)]
    public required string Cluster { get; init; }

    /// <summary>Where the workers find their server.</summary>
    [Required]
    [Url]
    public required string ServerUrl { get; init; }

    /// <summary>The token that an instance's worker shows its server; null for none.</summary>
    public Func<InstanceId, string>? TokenOf { get; init; }

    /// <summary>The command that becomes a worker when the worker's options are added to it. By default this program's own <c>worker</c> verb.</summary>
    [MinLength(1)]
    public IReadOnlyList<string> WorkerCommand { get; init; } = OwnCommand();

    /// <summary>The variables of our own environment that workers get; a name that ends in <c>*</c> stands for all that begin so. Others may hold secrets.</summary>
    public IReadOnlyList<string> InheritedVariables { get; init; } =
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ", "TMPDIR", "DOTNET_*", "LD_LIBRARY_PATH", "SSL_CERT_*", "CUDA_*", "NVIDIA_*",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    ];

    /// <summary>How long a process that was asked to end may take before it is killed. 0 to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan TermGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a launch waits for its process to confirm that it runs, before it answers "indeterminate". 0.1 s to 2 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:02:00")]
    public TimeSpan ConfirmTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After how long an intent that never became a process counts as ended. 1 s to 1 h, and longer than <see cref="ConfirmTimeout"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the folder of an ended instance is kept, with its console. 1 min to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan Retention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How many processes are started at the same time. 1 to 256.</summary>
    [Range(1, 256)]
    public int ParallelLaunches { get; init; } = 4;

    /// <summary>The rules that concern two settings.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (StartTimeout <= ConfirmTimeout)
            yield return new ValidationResult($"{nameof(StartTimeout)} must be longer than {nameof(ConfirmTimeout)}.", [nameof(StartTimeout)]);
    }

    private static string[] OwnCommand()
    {
        var program = Environment.ProcessPath ?? "controlplane";
        var underDotnet = Path.GetFileNameWithoutExtension(program) == "dotnet";
        return underDotnet ? [program, Environment.GetCommandLineArgs()[0], "worker"] : [program, "worker"];
    }
}

/// <summary>Checks all settings at once, so that every fault is reported together.</summary>
[OptionsValidator]
public sealed partial class LocalProviderOptionsValidator : IValidateOptions<LocalProviderOptions>;
