using System.Globalization;
using System.Xml.Linq;

namespace ControlPlane.Simulation.Ec2;

/// <summary>Answers of the query protocol.</summary>
internal static class Ec2Xml
{
    public const string Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";
    public const string SecurityTokenNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

    /// <summary>An element; what is null inside is left out.</summary>
    public static XElement Element(string name, params object?[] content) => new(name, [.. content.Select(Plain)]);

    /// <summary>An element with text; null if there is none.</summary>
    public static XElement? Optional(string name, object? content) => content is null ? null : Element(name, content);

    public static XElement Set(string name, IEnumerable<object> items) => new(name, items.Select(i => new XElement("item", i is IEnumerable<object?> many ? many.Select(Plain) : Plain(i))));

    public static XElement Tags(IReadOnlyDictionary<string, string> tags) =>
        Set("tagSet", tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => (object)new object[] { Element("key", t.Key), Element("value", t.Value) }));

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The document; every element of it is in the service's namespace.</summary>
    public static string Document(XElement root, string space)
    {
        foreach (var element in root.DescendantsAndSelf())
            element.Name = XName.Get(element.Name.LocalName, space);
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + root.ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>EC2's errors are in no namespace.</summary>
    public static string Error(Ec2RefusedException refusal, string requestId) => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + Element(
        "Response",
        Element("Errors", Element("Error", Element("Code", refusal.Code), Element("Message", refusal.Message))),
        Element("RequestID", requestId)).ToString(SaveOptions.DisableFormatting);

    /// <summary>STS has another shape of errors.</summary>
    public static string SecurityTokenError(Ec2RefusedException refusal, string requestId) => Document(
        Element(
            "ErrorResponse",
            Element("Error", Element("Type", refusal.Status < 500 ? "Sender" : "Receiver"), Element("Code", refusal.Code), Element("Message", refusal.Message)),
            Element("RequestId", requestId)),
        SecurityTokenNamespace);

    private static object? Plain(object? content) => content switch
    {
        DateTimeOffset time => Time(time),
        decimal number => number.ToString("0.000000", CultureInfo.InvariantCulture),
        _ => content,
    };
}
