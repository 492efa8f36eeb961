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
        if (window == BudgetWindow.Hour)
            return StartOfHour(zone, instant);

        var date = FirstDate(window, LocalDate(zone, instant));
        var start = Midnight(zone, date);
        if (instant < start)
            return Midnight(zone, FirstDate(window, date.AddDays(-1)));

        // Where the clocks go back over midnight, the new day has begun already.
        var next = Midnight(zone, NextDate(window, date));
        return instant < next ? start : next;
    }

    /// <summary>The end, in UTC, of the window that starts there: the start of the next one.</summary>
    public static DateTimeOffset EndOf(BudgetWindow window, TimeZoneInfo zone, DateTimeOffset start)
    {
        if (window == BudgetWindow.Total)
            return DateTimeOffset.MaxValue;
        if (window == BudgetWindow.Hour)
            return NextHour(zone, start);

        var date = FirstDate(window, LocalDate(zone, start));
        var end = Midnight(zone, NextDate(window, date));
        return end > start ? end : Midnight(zone, NextDate(window, date.AddDays(1)));
    }

    private static DateTime LocalDate(TimeZoneInfo zone, DateTimeOffset instant) => instant.ToOffset(zone.GetUtcOffset(instant)).Date;

    private static DateTime FirstDate(BudgetWindow window, DateTime date) => window switch
    {
        BudgetWindow.Week => date.AddDays(-(((int)date.DayOfWeek + 6) % 7)),
        BudgetWindow.Month => new DateTime(date.Year, date.Month, 1),
        BudgetWindow.Day or BudgetWindow.Hour or BudgetWindow.Total => date,
    };

    private static DateTime NextDate(BudgetWindow window, DateTime first) => window switch
    {
        BudgetWindow.Week => first.AddDays(7),
        BudgetWindow.Month => first.AddMonths(1),
        BudgetWindow.Day or BudgetWindow.Hour or BudgetWindow.Total => first.AddDays(1),
    };

    /// <summary>
    /// The first instant at which the clocks show the date. Only offsets of instants are asked for: the runtime's answers about local times are
    /// wrong around some changes (Asunción 2017).
    /// </summary>
    private static DateTimeOffset Midnight(TimeZoneInfo zone, DateTime date)
    {
        var utc = new DateTimeOffset(date, TimeSpan.Zero);
        var offset = zone.GetUtcOffset(utc - zone.BaseUtcOffset);
        var start = utc - offset;
        if (zone.GetUtcOffset(start.AddHours(-3)) == offset && zone.GetUtcOffset(start) == offset && zone.GetUtcOffset(start.AddHours(3)) == offset)
            return start;

        // Near a change of the clocks: midnight may be skipped or come twice.
        var (before, after) = (utc.AddHours(-27), utc.AddHours(27));
        while ((after - before).Ticks > 1)
        {
            var middle = before + ((after - before) / 2);
            if (middle.ToOffset(zone.GetUtcOffset(middle)).DateTime >= date)
                after = middle;
            else
                before = middle;
        }

        return after;
    }

    /// <summary>The last full hour on the clock, or the last change of the clocks if that was later: an hour that is repeated is two windows.</summary>
    private static DateTimeOffset StartOfHour(TimeZoneInfo zone, DateTimeOffset instant)
    {
        var offset = zone.GetUtcOffset(instant);
        var local = instant.ToOffset(offset);
        var start = new DateTimeOffset(local.Date.AddHours(local.Hour), offset).ToUniversalTime();
        if (zone.GetUtcOffset(start) == offset)
            return start;

        // The clocks changed in between, by less than an hour (Lord Howe) or not at a full one (Chatham).
        return ChangeOfClocks(zone, start, instant.ToUniversalTime());
    }

    private static DateTimeOffset NextHour(TimeZoneInfo zone, DateTimeOffset start)
    {
        var hour = start.AddHours(1);
        if (zone.GetUtcOffset(start) != zone.GetUtcOffset(hour))
            return ChangeOfClocks(zone, start, hour);

        // A window that began with a change of the clocks is shorter than an hour.
        var cut = StartOfHour(zone, hour);
        return cut > start ? cut : hour;
    }

    /// <summary>The first instant after <paramref name="before"/> with the offset of <paramref name="after"/>, found by halving.</summary>
    private static DateTimeOffset ChangeOfClocks(TimeZoneInfo zone, DateTimeOffset before, DateTimeOffset after)
    {
        var offset = zone.GetUtcOffset(after);
        while ((after - before).Ticks > 1)
        {
            var middle = before + ((after - before) / 2);
            if (zone.GetUtcOffset(middle) == offset)
                after = middle;
            else
                before = middle;
        }

        return after;
    }
}
