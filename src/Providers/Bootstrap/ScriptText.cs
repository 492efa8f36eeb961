using System.Globalization;
using System.Text;

namespace ControlPlane.Providers.Bootstrap;

/// <summary>A Bash script in the making: values first, then the scripts that use them.</summary>
internal sealed class ScriptText
{
    private readonly StringBuilder text = new("#!/bin/bash\n");

    /// <summary>Assigns a value. In single quotes nothing has a meaning to Bash but the single quote itself.</summary>
    public ScriptText Set(string name, string value)
    {
        text.Append(name).Append("='").Append(value.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("'", @"'\''", StringComparison.Ordinal)).Append("'\n");
        return this;
    }

    public ScriptText Set(string name, int value) => Set(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The whole script. Comments on lines of their own are left out: user data is short of room.</summary>
    public string With(params ReadOnlySpan<string> scripts)
    {
        foreach (var script in scripts)
        {
            foreach (var line in script.Split('\n').Where(l => !l.TrimStart().StartsWith('#') && l.Length > 0))
                text.Append(line).Append('\n');
        }

        return text.ToString();
    }
}
