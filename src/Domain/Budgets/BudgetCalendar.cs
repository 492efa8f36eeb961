namespace ControlPlane.Domain.Budgets;

/// <summary>Where the windows of a budget begin and end. Pure: the time zone's rules are the runtime's.</summary>
public static class BudgetCalendar
{
    /// <summary>The one window of <see cref="BudgetWindow.Total"/>.</summary>
    public static readonly DateTimeOffset Always = DateTimeOffset.UnixEpoch;

    /// <summary>The start, in UTC, of the window that contains the instant.</summary>
    public static DateTimeOffset StartOf(BudgetWindow window, TimeZoneInfo zone, DateTimeOffset instant)
    {
        if (window == BudgetWindow.Total)
            return Always;

        var local = TimeZoneInfo.ConvertTime(instant, zone).DateTime;
        var start = window switch
        {
            BudgetWindow.Hour => local.Date.AddHours(local.Hour),
            BudgetWindow.Day => local.Date,
            BudgetWindow.Week => local.Date.AddDays(-(((int)local.DayOfWeek + 6) % 7)),
            BudgetWindow.Month => new DateTime(local.Year, local.Month, 1),
            BudgetWindow.Total => local,
        };

        // An hour that the clocks repeat is two windows; its offset is the instant's own. Every other boundary is found by the calendar.
        return window == BudgetWindow.Hour
            ? new DateTimeOffset(start, zone.GetUtcOffset(instant)).ToUniversalTime()
            : ToUtc(start, zone);
    }

    /// <summary>The end, in UTC, of the window that starts there: the start of the next one.</summary>
    public static DateTimeOffset EndOf(BudgetWindow window, TimeZoneInfo zone, DateTimeOffset start)
    {
        if (window == BudgetWindow.Total)
            return DateTimeOffset.MaxValue;
        if (window == BudgetWindow.Hour)
            return NextHour(zone, start);

        var local = TimeZoneInfo.ConvertTime(start, zone).DateTime;
        var next = window switch
        {
            BudgetWindow.Day => local.Date.AddDays(1),
            BudgetWindow.Week => local.Date.AddDays(7),
            BudgetWindow.Month => new DateTime(local.Year, local.Month, 1).AddMonths(1),
            BudgetWindow.Hour or BudgetWindow.Total => local,
        };
        return ToUtc(next, zone);
    }

    private static DateTimeOffset NextHour(TimeZoneInfo zone, DateTimeOffset start)
    {
        // Zones whose offset changes by half an hour (Lord Howe) cut an hour short; the next window then starts where the clock shows a new hour.
        var hour = start.AddHours(1);
        var cut = StartOf(BudgetWindow.Hour, zone, hour);
        return cut > start ? cut : hour;
    }

    private static DateTimeOffset ToUtc(DateTime local, TimeZoneInfo zone)
    {
        // A midnight that the clocks skip: the window starts with the first instant that exists.
        while (zone.IsInvalidTime(local))
            local = local.AddMinutes(15);

        // A midnight that comes twice: the window starts with the earlier one.
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
