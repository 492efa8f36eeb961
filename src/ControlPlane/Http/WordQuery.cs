using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ControlPlane.Http;

/// <summary>Reads a parameter that is one of some words, in any case.</summary>
internal static class WordQuery
{
    public static bool TryRead<T>(string? text, string field, out T? value, [NotNullWhen(false)] out ProblemHttpResult? problem)
        where T : struct, Enum
    {
        value = null;
        problem = null;
        if (text is null)
            return true;
        if (Enum.TryParse<T>(text, ignoreCase: true, out var word) && Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            value = word;
            return true;
        }

        problem = Problems.Invalid(field, $"'{text}' is not one of {Words<T>()}.");
        return false;
    }

    /// <summary>All of them, as they are written.</summary>
    public static string Words<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName));
}
