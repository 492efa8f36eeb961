using System.Globalization;

namespace ControlPlane.Cli;

/// <summary>The log in a file, a line an entry, below it what was thrown. The file is appended to.</summary>
internal sealed class FileLog : ILoggerProvider
{
    private readonly Lock _gate = new();
    private readonly StreamWriter _file;
    private readonly TimeProvider _time;
    private bool _closed;

    /// <exception cref="IOException">The file cannot be written.</exception>
    public FileLog(string path, TimeProvider time)
    {
        _time = time;
        _file = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true, NewLine = "\n" };
    }

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _file.Dispose();
        }
    }

    private void Write(LogLevel level, string category, string message, Exception? thrown)
    {
        var time = _time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            if (_closed)
                return;
            _file.WriteLine($"{time} {level,-11} {category}: {Printable.Lines(message)}");
            if (thrown is not null)
                _file.WriteLine(Printable.Lines(thrown.ToString()));
        }
    }

    private sealed class Category(FileLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Write(logLevel, name, formatter(state, exception), exception);
        }
    }
}
