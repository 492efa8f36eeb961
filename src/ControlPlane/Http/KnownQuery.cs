using System.Reflection;
using ControlPlane.Domain.Catalog;
using Microsoft.AspNetCore.Mvc;

namespace ControlPlane.Http;

/// <summary>Refuses query parameters that an endpoint does not have: a misspelt filter would otherwise answer with everything.</summary>
internal static class KnownQuery
{
    public static TBuilder RefuseUnknownQuery<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.AddEndpointFilterFactory((context, next) =>
        {
            string[] known = [.. context.MethodInfo.GetParameters().Where(IsQuery).Select(p => p.GetCustomAttribute<FromQueryAttribute>()?.Name ?? p.Name!)];
            return async invocation =>
            {
                var errors = new Dictionary<string, string[]>();
                foreach (var key in invocation.HttpContext.Request.Query.Keys.Where(k => !known.Contains(k, StringComparer.OrdinalIgnoreCase)))
                    errors[key] = [Suggestion.Nearest(key, known) is { } near ? $"There is no such parameter. Did you mean '{near}'?" : Known(known)];
                return errors.Count > 0 ? Problems.Invalid(errors) : await next(invocation).ConfigureAwait(false);
            };
        });

    private static string Known(string[] known) => known.Length == 0 ? "This takes no parameters." : $"There is no such parameter. There are: {string.Join(", ", known)}.";

    /// <summary>Simple values that are not in the path come from the query; everything else is a service, the body or the request itself.</summary>
    private static bool IsQuery(ParameterInfo parameter)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        return parameter.GetCustomAttribute<FromRouteAttribute>() is null && parameter.GetCustomAttribute<FromHeaderAttribute>() is null
            && (type == typeof(string) || type == typeof(DateTimeOffset) || type.IsPrimitive || type.IsEnum);
    }
}
