using System.Text.Json;
using System.Text.Json.Serialization;

namespace ControlPlane.Domain.Deciding;

/// <summary>A value that is written as one text, also as the key of a dictionary.</summary>
public interface ITextId<TSelf>
    where TSelf : ITextId<TSelf>
{
    string Value { get; }

    static abstract TSelf From(string value);
}

/// <summary>Writes an <see cref="ITextId{TSelf}"/> as a JSON string or property name.</summary>
public sealed class TextIdConverter<T> : JsonConverter<T>
    where T : class, ITextId<T>
{
    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text ? T.From(text) : null;

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);

    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => T.From(reader.GetString()!);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(value.Value);
}
