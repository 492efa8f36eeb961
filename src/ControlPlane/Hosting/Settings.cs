using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ControlPlane.Hosting;

/// <summary>Reads sections of the configuration into their options and collects every fault, so that all are reported together.</summary>
internal sealed class Settings(IConfiguration configuration)
{
    private readonly List<string> faults = [];

    /// <summary>The options of one section; their defaults where it says nothing.</summary>
    public T Read<T>(string section)
        where T : class, new()
    {
        T options;
        try
        {
            options = configuration.GetSection(section).Get<T>() ?? new T();
        }
        catch (InvalidOperationException fault)
        {
            faults.Add($"{section}: {fault.InnerException?.Message ?? fault.Message}");
            return new T();
        }

        List<ValidationResult> found = [];
        Validator.TryValidateObject(options, new ValidationContext(options), found, validateAllProperties: true);
        faults.AddRange(found.Select(f => $"{section}: {f.ErrorMessage}"));
        return options;
    }

    public void Add(IEnumerable<string> more) => faults.AddRange(more);

    /// <exception cref="OptionsValidationException">Something was wrong; it holds all of it.</exception>
    public void ThrowIfFaulty()
    {
        if (faults.Count > 0)
            throw new OptionsValidationException("settings", typeof(NodeOptions), faults);
    }
}
