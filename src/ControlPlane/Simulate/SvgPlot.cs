using System.Globalization;
using System.Net;
using System.Text;

namespace ControlPlane.Simulate;

/// <summary>One plot with its axes as inline SVG. Colours are classes of the page's style, so that it follows light and dark.</summary>
internal sealed class SvgPlot
{
    private const double Left = 64;
    private const double Right = 16;
    private const double Top = 12;
    private const double Bottom = 30;

    private readonly StringBuilder _body = new();
    private readonly double _width;
    private readonly double _height;
    private readonly (double Least, double Most) _x;
    private readonly (double Least, double Most) _y;
    private readonly bool _logX;

    /// <param name="label">What it shows, for those who cannot see it.</param>
    /// <param name="x">The values at the left and the right edge.</param>
    /// <param name="y">The values at the lower and the upper edge.</param>
    /// <param name="width">Width in units of the picture; it is scaled to the page.</param>
    /// <param name="height">Height in the same units.</param>
    /// <param name="logX">The values of x, which are above 0, are drawn by their logarithms.</param>
    public SvgPlot(string label, (double Least, double Most) x, (double Least, double Most) y, double width, double height, bool logX = false)
    {
        (_width, _height, _logX) = (width, height, logX);
        _x = x.Most > x.Least ? x : (x.Least, x.Least + 1);
        _y = y.Most > y.Least ? y : (y.Least, y.Least + 1);
        _body.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode(label)}\">\n");
    }

    /// <summary>Lines across with their values at the left.</summary>
    public void Rows(IEnumerable<(double Value, string Text)> ticks)
    {
        foreach (var (value, text) in ticks)
        {
            _body.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{Left} {Y(value):0.#}H{_width - Right}\"/>");
            _body.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{Left - 8}\" y=\"{Y(value) + 3.5:0.#}\" text-anchor=\"end\">{WebUtility.HtmlEncode(text)}</text>\n");
        }
    }

    /// <summary>Values below the plot.</summary>
    public void Columns(IEnumerable<(double Value, string Text)> ticks, bool lines = false)
    {
        foreach (var (value, text) in ticks)
        {
            if (lines)
                _body.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{X(value):0.#} {Top}V{_height - Bottom}\"/>");
            _body.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{X(value):0.#}\" y=\"{_height - Bottom + 18}\" text-anchor=\"middle\">{WebUtility.HtmlEncode(text)}</text>\n");
        }
    }

    /// <summary>An area between two curves over the same x.</summary>
    public void Area(IReadOnlyList<(double X, double Low, double High)> points, string colour)
    {
        if (points.Count == 0)
            return;
        _body.Append("<path class=\"area ").Append(colour).Append("\" d=\"");
        Trail(points.Select(p => (p.X, p.High)), 'M');
        Trail(points.Reverse().Select(p => (p.X, p.Low)), 'L');
        _body.Append("Z\"/>\n");
    }

    /// <summary>A curve; drawn in steps where a value holds until the next.</summary>
    public void Curve(IReadOnlyList<(double X, double Y)> points, string colour, string? title = null)
    {
        if (points.Count == 0)
            return;
        _body.Append("<path class=\"curve ").Append(colour).Append("\" d=\"");
        Trail(points, 'M');
        _body.Append("\">");
        if (title is not null)
            _body.Append("<title>").Append(WebUtility.HtmlEncode(title)).Append("</title>");
        _body.Append("</path>\n");
    }

    /// <summary>A line across the whole plot, with a word at its right end.</summary>
    public void Level(double value, string text) => _body.Append(
        CultureInfo.InvariantCulture,
        $"<path class=\"limit\" d=\"M{Left} {Y(value):0.#}H{_width - Right}\"/><text class=\"tick\" x=\"{_width - Right - 4}\" y=\"{Y(value) - 5:0.#}\" text-anchor=\"end\">{WebUtility.HtmlEncode(text)}</text>\n");

    /// <summary>A dot with its name.</summary>
    public void Dot(double x, double y, string colour, string text, string title, double lift)
    {
        var isRight = X(x) > _width * 0.72;
        _body.Append(CultureInfo.InvariantCulture, $"<g><title>{WebUtility.HtmlEncode(title)}</title><circle class=\"dot {colour}\" cx=\"{X(x):0.#}\" cy=\"{Y(y):0.#}\" r=\"5\"/>");
        _body.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"{X(x) + (isRight ? -10 : 10):0.#}\" y=\"{Y(y) + 4 + lift:0.#}\" text-anchor=\"{(isRight ? "end" : "start")}\">{WebUtility.HtmlEncode(text)}</text></g>\n");
    }

    /// <summary>Where a value stands, from the top, in units of the picture.</summary>
    public double Height(double value) => Y(value);

    public string End() => _body.Append(CultureInfo.InvariantCulture, $"<path class=\"axis\" d=\"M{Left} {_height - Bottom}H{_width - Right}\"/></svg>\n").ToString();

    /// <summary>Round values from 0 up to the largest, four to eight of them.</summary>
    public static IEnumerable<double> Ticks(double most)
    {
        if (most <= 0)
            return [0, 1];
        var step = Math.Pow(10, Math.Floor(Math.Log10(most)));
        step = most / step < 2 ? step / 5 : most / step < 5 ? step / 2 : step;
        return Enumerable.Range(0, (int)Math.Floor((most / step) + 1e-9) + 1).Select(i => i * step);
    }

    private void Trail(IEnumerable<(double X, double Y)> points, char first)
    {
        var letter = first;
        foreach (var (x, y) in points)
        {
            _body.Append(letter).Append(CultureInfo.InvariantCulture, $"{X(x):0.#} {Y(y):0.#}");
            letter = 'L';
        }
    }

    private double X(double value)
    {
        var share = _logX
            ? (Math.Log(Math.Clamp(value, _x.Least, _x.Most)) - Math.Log(_x.Least)) / (Math.Log(_x.Most) - Math.Log(_x.Least))
            : (value - _x.Least) / (_x.Most - _x.Least);
        return Left + (share * (_width - Left - Right));
    }

    private double Y(double value) => _height - Bottom - ((Math.Clamp(value, _y.Least, _y.Most) - _y.Least) / (_y.Most - _y.Least) * (_height - Top - Bottom));
}
