using System.Text;

namespace ControlPlane.Host.Tests.Worker;

/// <summary>A console that may be read while it is written to.</summary>
internal sealed class ConsoleDouble : TextWriter
{
    private readonly StringBuilder _text = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_text)
            _text.Append(value);
    }

    public override string ToString()
    {
        lock (_text)
            return _text.ToString();
    }
}
