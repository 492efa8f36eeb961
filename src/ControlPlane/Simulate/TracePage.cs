using System.Globalization;
using System.Net;
using System.Text;
using ControlPlane.Domain.Deciding;
using ControlPlane.Simulation.Traces;

namespace ControlPlane.Simulate;

/// <summary><c>index.html</c>: one page that needs nothing else, no network and no script; light or dark as its reader's system is.</summary>
internal static class TracePage
{
    private const string Style = """
        :root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#5b6675;--line:#e1e5ea;--grid:#eceff3;--busy:#2f6fdb;--idle:#9dbcf0;--booting:#e7b24a;--pending:#d1495b;
        --run0:#2f6fdb;--run1:#14919b;--run2:#7a4fd0;--run3:#3f8f3f;--run4:#b0418f;--run5:#8a6d1d;--clearml:#d1495b;--meant:#e58a3c;--yard:#7d8896;--good:#1d7f4e}
        @media (prefers-color-scheme:dark){:root{--ground:#10141a;--card:#181e27;--ink:#e6eaf0;--soft:#98a3b3;--line:#2a323e;--grid:#232b36;--busy:#5b93f0;--idle:#35507f;--booting:#c9953a;--pending:#ec6b7c;
        --run0:#5b93f0;--run1:#37b9c2;--run2:#a583ee;--run3:#69bd69;--run4:#d974ba;--run5:#c9a648;--clearml:#ec6b7c;--meant:#f0a15e;--yard:#8b97a7;--good:#4cc38a}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{max-width:1240px;margin:0 auto;padding:32px 20px 64px}
        h1{font-size:26px;line-height:1.2;margin:0 0 4px;font-weight:650;letter-spacing:-.01em}
        h2{font-size:19px;margin:40px 0 12px;font-weight:620}
        h3{font-size:14px;margin:22px 0 6px;font-weight:600}
        p{margin:6px 0;color:var(--soft);max-width:82ch}
        .card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:18px 20px;margin:14px 0}
        .card>h3:first-child{margin-top:0}
        .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:18px 0}
        .fact{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
        .fact b{display:block;font-size:21px;font-weight:640;font-variant-numeric:tabular-nums}
        .fact span{color:var(--soft);font-size:13px}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
        th,td{padding:7px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
        th{color:var(--soft);font-weight:550;font-size:12.5px}
        th:first-child,td:first-child{text-align:left}
        td small{display:block;color:var(--soft);font-weight:400;padding-left:17px}
        tr:last-child td{border-bottom:0}
        tr.run td:first-child{font-weight:620}
        .better{color:var(--good)}
        svg{display:block;width:100%;height:auto}
        .grid{stroke:var(--grid);stroke-width:1;fill:none}
        .axis{stroke:var(--line);stroke-width:1;fill:none}
        .tick{fill:var(--soft);font-size:11.5px}
        .name{fill:var(--ink);font-size:12.5px}
        .limit{stroke:var(--pending);stroke-width:1.4;stroke-dasharray:5 4;fill:none}
        .curve{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}
        .area{fill:var(--c);stroke:none}
        .dot{fill:var(--c);stroke:var(--card);stroke-width:1.5}
        .busy{--c:var(--busy)}.idle{--c:var(--idle)}.booting{--c:var(--booting)}.pending{--c:var(--pending)}
        .run0{--c:var(--run0)}.run1{--c:var(--run1)}.run2{--c:var(--run2)}.run3{--c:var(--run3)}.run4{--c:var(--run4)}.run5{--c:var(--run5)}
        .clearml{--c:var(--clearml)}.meant{--c:var(--meant)}.yard{--c:var(--yard)}
        .key{display:flex;flex-wrap:wrap;gap:4px 18px;margin:2px 0 8px;padding:0;list-style:none;color:var(--soft);font-size:13px}
        .key i{display:inline-block;width:11px;height:11px;border-radius:3px;background:var(--c);margin-right:6px;vertical-align:-1px}
        ul.notices{margin:10px 0 0;padding-left:20px;color:var(--soft)}
        details summary{cursor:pointer;color:var(--soft);font-size:13.5px}
        footer{margin-top:40px;color:var(--soft);font-size:13px}
        """;

    public static string Write(TraceReport report)
    {
        var html = new StringBuilder();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append($"<title>{Text(report.File)}: replay</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n<main>\n");
        html.Append($"<h1>What {Text(report.File)} costs, and how long its jobs wait</h1>\n");
        html.Append("<p>The trace is replayed by the rules that run in production, on virtual time.</p>\n");
        Facts(html, report);
        Notices(html, report);
        html.Append("<h2>Comparison</h2>\n<div class=\"card\"><div class=\"scroll\">\n");
        Comparison(html, report);
        html.Append("</div></div>\n<div class=\"card\"><h3>Cost over the lower bound, against the wait that 95 % of the jobs do not exceed</h3><p>Lower and further left is better. What is far above the runs is left out.</p>\n");
        html.Append(TracePlots.Comparison(report)).Append("</div>\n");
        Waits(html, report);
        foreach (var run in report.Runs)
            Run(html, run);
        html.Append("<footer>Lower bound: each job on a machine of its own for exactly its duration. Oracle: the cheapest schedule in which no job waits, boots included. Bound at its wait: what no schedule ");
        html.Append("can go below whose jobs wait as long on average. ClearML: a model of the autoscaler class of its SDK, with its known faults and as it was meant. All at the prices on demand.</footer>\n");
        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static void Facts(StringBuilder html, TraceReport report)
    {
        var first = report.Runs[0];
        html.Append("<div class=\"facts\">");
        Fact(html, report.Trace.Jobs.Count.ToString("#,0", CultureInfo.InvariantCulture), "jobs");
        Fact(html, Words.Duration(report.Span), "from the first job to the last end");
        Fact(html, TraceText.Money(first.Outcome.Cost), $"cost of {first.Name}");
        Fact(html, $"{TraceText.Ratio(report.Rows[0].ToLowerBound)}", "of the lower bound");
        Fact(html, Words.Duration(first.Outcome.WaitOf(0.95)), "95 % of its jobs wait at most");
        Fact(html, Words.Duration(report.Options.Boot), "a boot, on average");
        html.Append("</div>\n");
    }

    private static void Fact(StringBuilder html, string value, string name) => html.Append($"<div class=\"fact\"><b>{Text(value)}</b><span>{Text(name)}</span></div>");

    private static void Notices(StringBuilder html, TraceReport report)
    {
        var notices = report.Notices().ToArray();
        if (notices.Length == 0)
            return;
        html.Append("<div class=\"card\"><h3>About the input</h3><ul class=\"notices\">\n");
        foreach (var notice in notices)
            html.Append($"<li>{Text(notice)}</li>\n");
        html.Append("</ul>");
        Details(html, "Lines that could not be read", [.. report.Trace.Faults.Select(f => f.ToString())]);
        foreach (var run in report.Runs)
            Details(html, $"Jobs that cannot fit {run.Name}", [.. run.Fit.Misfits.Select(m => m.ToString())]);
        html.Append("</div>\n");
    }

    private static void Details(StringBuilder html, string name, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0)
            return;
        html.Append($"<details><summary>{Text(name)}</summary><ul class=\"notices\">\n");
        foreach (var line in lines.Take(TraceReport.MostShown))
            html.Append($"<li>{Text(line)}</li>\n");
        if (lines.Count > TraceReport.MostShown)
            html.Append(CultureInfo.InvariantCulture, $"<li>and {lines.Count - TraceReport.MostShown} more; summary.json has them all</li>\n");
        html.Append("</ul></details>\n");
    }

    private static void Comparison(StringBuilder html, TraceReport report)
    {
        html.Append("<table><thead><tr><th></th><th>cost</th><th>/ lower bound</th><th>/ oracle</th><th>/ bound at its wait</th><th>wait p50</th><th>p95</th><th>p99</th><th>mean</th><th>started</th></tr></thead><tbody>\n");
        foreach (var row in report.Rows)
        {
            html.Append($"<tr{(row.IsRun ? " class=\"run\"" : "")}><td><span class=\"key {TracePlots.Colour(report, row)}\" style=\"display:inline\"><i></i></span>{Text(row.Name)}{(row.Note.Length > 0 ? $"<small>{Text(row.Note)}</small>" : "")}</td>");
            html.Append($"<td>{TraceText.Money(row.Outcome.Cost)}</td><td>{TraceText.Ratio(row.ToLowerBound)}</td><td>{TraceText.Ratio(row.ToOracle)}</td><td>{TraceText.Ratio(row.ToBound)}</td>");
            html.Append($"<td>{Wait(row.Outcome, 0.5)}</td><td>{Wait(row.Outcome, 0.95)}</td><td>{Wait(row.Outcome, 0.99)}</td><td>{TraceText.Time(row.Outcome.MeanWait)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td>{(row.Outcome.Launches > 0 ? row.Outcome.Launches.ToString("#,0", CultureInfo.InvariantCulture) : "")}</td></tr>\n");
        }

        html.Append("</tbody></table>\n");
    }

    private static void Waits(StringBuilder html, TraceReport report)
    {
        var rows = TracePlots.WaitRows(report).ToArray();
        if (rows.Length == 0)
            return;
        html.Append("<div class=\"card\"><h3>Which share of the jobs waits for at most how long</h3>\n<ul class=\"key\">");
        foreach (var row in rows)
            html.Append($"<li class=\"{TracePlots.Colour(report, row)}\"><i></i>{Text(row.Name)}</li>");
        html.Append("</ul>\n").Append(TracePlots.Waits(report)).Append("</div>\n");
    }

    private static void Run(StringBuilder html, TraceRun run)
    {
        var outcome = run.Outcome;
        html.Append($"<h2>{Text(run.Name)}</h2>\n");
        html.Append(CultureInfo.InvariantCulture, $"<p>{outcome.Launches:#,0} machines started, {outcome.PeakMachines:#,0} at most at once; their slots worked for {TraceText.Percent(outcome.Utilisation)} of their time.");
        if (outcome.Interruptions > 0)
            html.Append(CultureInfo.InvariantCulture, $" {outcome.Interruptions:#,0} runs were interrupted, and {Words.Duration(outcome.Lost)} of work was lost.");
        html.Append("</p>\n");
        if (outcome.Series is { Pending.Count: > 1 } series)
            Series(html, series);
        html.Append("<div class=\"card\"><h3>Queues</h3><div class=\"scroll\"><table><thead><tr><th>queue</th><th>jobs</th><th>cost</th><th>machines started</th><th>most at once</th><th>used</th><th>wait p50</th><th>p95</th><th>p99</th><th>mean</th></tr></thead><tbody>\n");
        foreach (var queue in outcome.Queues)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(queue.Queue)}</td><td>{queue.Waits.Count:#,0}</td><td>{TraceText.Money(queue.Cost)}</td><td>{queue.Launches:#,0}</td><td>{queue.PeakMachines:#,0}</td>");
            html.Append($"<td>{TraceText.Percent(queue.Utilisation)}</td><td>{TraceText.Time(queue.WaitOf(0.5))}</td><td>{TraceText.Time(queue.WaitOf(0.95))}</td><td>{TraceText.Time(queue.WaitOf(0.99))}</td><td>{TraceText.Time(queue.MeanWait)}</td></tr>\n");
        }

        html.Append("</tbody></table></div></div>\n");
    }

    private static void Series(StringBuilder html, TraceSeries series)
    {
        html.Append("<div class=\"card\"><h3>Tasks</h3><ul class=\"key\"><li class=\"busy\"><i></i>running</li><li class=\"pending\"><i></i>pending</li></ul>\n").Append(TracePlots.Tasks(series)).Append("</div>\n");
        html.Append("<div class=\"card\"><h3>Machines</h3><ul class=\"key\"><li class=\"busy\"><i></i>busy</li><li class=\"idle\"><i></i>idle</li><li class=\"booting\"><i></i>booting</li></ul>\n").Append(TracePlots.Machines(series)).Append("</div>\n");
        foreach (var budget in series.Budgets)
        {
            html.Append($"<div class=\"card\"><h3>Budget {Text(budget.Budget)}: spend against its limit of {TraceText.Money(budget.Limit)} {TraceText.Per(budget.Window)}</h3>");
            html.Append("<ul class=\"key\"><li class=\"busy\"><i></i>spent</li><li class=\"idle\"><i></i>held for time that is prepaid</li></ul>\n").Append(TracePlots.Budget(series, budget)).Append("</div>\n");
        }
    }

    private static string Wait(TraceOutcome outcome, double share) => TraceText.Time(outcome.WaitOf(share));

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
