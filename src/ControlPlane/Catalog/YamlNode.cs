using System.Globalization;
using YamlDotNet.Core;

namespace ControlPlane.Catalog;

/// <summary>A place in a document, counted from 1.</summary>
internal readonly record struct Place(int Line, int Column)
{
    public static Place Start { get; } = new(1, 1);

    public static Place Of(Mark mark) => new((int)mark.Line, (int)mark.Column);
}

/// <summary>A part of a document with its place. The tree is no deeper and no larger than <see cref="YamlReader"/> allows.</summary>
internal abstract record YamlNode(Place Place)
{
    /// <param name="Place">Where it begins.</param>
    /// <param name="Text">Its text, without quotes.</param>
    /// <param name="IsPlain">Written without quotes, so that it may stand for something other than a text.</param>
    internal sealed record Scalar(Place Place, string Text, bool IsPlain) : YamlNode(Place)
    {
        public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
    }

    internal sealed record Sequence(Place Place, IReadOnlyList<YamlNode> Items) : YamlNode(Place);

    internal sealed record Mapping(Place Place, IReadOnlyList<Entry> Entries) : YamlNode(Place);

    internal sealed record Entry(Place Place, string Key, YamlNode Value);

    /// <summary>What a reader would call it.</summary>
    public string Kind => this switch
    {
        Scalar { IsNull: true } => "nothing",
        Scalar => "a single value",
        Sequence => "a list",
        _ => "a mapping",
    };

    /// <summary>The place of the deepest part of <paramref name="path"/> that the document has.</summary>
    public Place Locate(string path)
    {
        var at = this;
        var place = Place;
        foreach (var step in path.Split(['.', '['], StringSplitOptions.RemoveEmptyEntries))
        {
            var next = at switch
            {
                Mapping mapping => mapping.Entries.FirstOrDefault(e => e.Key == step)?.Value,
                Sequence sequence when int.TryParse(step.TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out var index) =>
                    index < sequence.Items.Count ? sequence.Items[index] : null,
                _ => null,
            };
            if (next is null)
            {
                break;
            }

            (at, place) = (next, next.Place);
        }

        return place;
    }
}
