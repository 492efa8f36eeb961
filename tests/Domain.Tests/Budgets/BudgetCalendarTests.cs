using System.Globalization;
using ControlPlane.Domain.Budgets;
using ControlPlane.Domain.Tests.Kit;
using CsCheck;

namespace ControlPlane.Domain.Tests.Budgets;

public sealed class BudgetCalendarTests
{
    private static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "America/Sao_Paulo", "America/New_York", "America/Havana", "America/St_Johns", "America/Asuncion", "Asia/Kathmandu",
        "Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Africa/Cairo", "Africa/Casablanca", "Antarctica/Troll", "Australia/Lord_Howe", "Australia/Adelaide",
        "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati", "Asia/Pyongyang",
    ];

    [Theory]
    [InlineData(BudgetWindow.Hour, "UTC", "2026-03-02T10:59:59Z", "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z")]
    [InlineData(BudgetWindow.Day, "UTC", "2026-03-02T10:59:59Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")]
    [InlineData(BudgetWindow.Month, "UTC", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")]

    // Weeks begin on Monday; this is the Sunday before.
    [InlineData(BudgetWindow.Week, "UTC", "2026-03-01T12:00:00Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData(BudgetWindow.Week, "UTC", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z")]

    // Berlin: a day of 23 hours, one of 25, and the repeated hour is two windows.
    [InlineData(BudgetWindow.Day, "Europe/Berlin", "2026-03-29T10:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData(BudgetWindow.Day, "Europe/Berlin", "2026-10-25T10:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]
    [InlineData(BudgetWindow.Hour, "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z")]
    [InlineData(BudgetWindow.Hour, "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z")]
    [InlineData(BudgetWindow.Week, "Europe/Berlin", "2026-03-29T10:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData(BudgetWindow.Month, "Europe/Berlin", "2026-03-15T10:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")]

    // São Paulo 2018: midnight of 4 November did not exist; the day begins at 01:00.
    [InlineData(BudgetWindow.Day, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z")]
    [InlineData(BudgetWindow.Day, "America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z")]

    // Havana: midnight of 1 November 2026 comes twice; the day begins with the first.
    [InlineData(BudgetWindow.Day, "America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z")]

    // Kathmandu is 5:45 ahead.
    [InlineData(BudgetWindow.Hour, "Asia/Kathmandu", "2026-03-02T10:00:00Z", "2026-03-02T09:15:00Z", "2026-03-02T10:15:00Z")]
    [InlineData(BudgetWindow.Day, "Asia/Kathmandu", "2026-03-02T18:14:59Z", "2026-03-01T18:15:00Z", "2026-03-02T18:15:00Z")]

    // Lord Howe changes its clocks by half an hour: 02:00 becomes 01:30 in April, 02:30 in October.
    [InlineData(BudgetWindow.Hour, "Australia/Lord_Howe", "2026-04-04T14:50:00Z", "2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z")]
    [InlineData(BudgetWindow.Hour, "Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z")]
    [InlineData(BudgetWindow.Hour, "Australia/Lord_Howe", "2026-10-03T15:10:00Z", "2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z")]
    [InlineData(BudgetWindow.Hour, "Australia/Lord_Howe", "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z")]
    public void Window_OfAnInstant_StartsAndEnds(BudgetWindow window, string zone, string instant, string start, string end)
    {
        var info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var found = BudgetCalendar.StartOf(window, info, Utc(instant));
        Assert.Equal(Utc(start), found);
        Assert.Equal(Utc(end), BudgetCalendar.EndOf(window, info, found));
    }

    [Fact]
    public void Window_Total_IsAlwaysTheSame()
    {
        Assert.Equal(BudgetCalendar.Always, BudgetCalendar.StartOf(BudgetWindow.Total, TimeZoneInfo.Utc, Utc("2026-03-02T10:00:00Z")));
        Assert.Equal(DateTimeOffset.MaxValue, BudgetCalendar.EndOf(BudgetWindow.Total, TimeZoneInfo.Utc, BudgetCalendar.Always));
    }

    /// <summary>Without this the ledger would loop for ever while it cuts a lease at windows.</summary>
    [Fact]
    public void Window_AnyInstantInAnyZone_ContainsItAndMeetsTheNext() =>
        Gen.Select(Given.OneOf(Zones), Given.OneOf(BudgetWindow.Hour, BudgetWindow.Day, BudgetWindow.Week, BudgetWindow.Month), Gen.Int[0, 16 * 365 * 24 * 4])
            .Sample((name, window, quarter) =>
            {
                var zone = TimeZoneInfo.FindSystemTimeZoneById(name);
                AssertWindow(window, zone, Utc("2015-01-01T00:07:00Z").AddMinutes(15 * quarter));
            }, iter: 20_000);

    [Fact]
    public void Window_AroundEveryChangeOfClocks_ContainsItAndMeetsTheNext()
    {
        foreach (var name in Zones)
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(name);
            for (var hour = Utc("2017-01-01T00:00:00Z"); hour.Year < 2019; hour = hour.AddHours(1))
            {
                if (zone.GetUtcOffset(hour) == zone.GetUtcOffset(hour.AddHours(1)))
                    continue;
                for (var minute = -180; minute < 240; minute += 5)
                {
                    AssertWindow(BudgetWindow.Hour, zone, hour.AddMinutes(minute));
                    AssertWindow(BudgetWindow.Day, zone, hour.AddMinutes(minute));
                }
            }
        }
    }

    private static void AssertWindow(BudgetWindow window, TimeZoneInfo zone, DateTimeOffset instant)
    {
        var start = BudgetCalendar.StartOf(window, zone, instant);
        var end = BudgetCalendar.EndOf(window, zone, start);
        var where = $"{window} in {zone.Id} at {instant:O}: [{start:O}, {end:O})";
        Assert.True(start <= instant && instant < end, where);
        Assert.True(BudgetCalendar.StartOf(window, zone, start) == start, where);
        Assert.True(BudgetCalendar.StartOf(window, zone, end) == end, where);
        Assert.True(BudgetCalendar.StartOf(window, zone, end.AddTicks(-1)) == start, where);
    }

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
