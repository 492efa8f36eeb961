using ControlPlane.Domain.Pools;
using ControlPlane.Providers.Bootstrap;
using static ControlPlane.Providers.Tests.Bootstrap.Guests;

namespace ControlPlane.Providers.Tests.Bootstrap;

public sealed class BootstrapTicketTests
{
    private static readonly BootstrapTicket Ticket = BootstrapTicket.Of(Batch(Pool(new BootstrapSpec())));

    [Fact]
    public void TryRead_OwnTicket_SaysWhatWasWritten()
    {
        var text = new BootstrapTickets(Key).Write(Ticket);
        Assert.Matches("^[A-Za-z0-9_.-]+$", text);
        Assert.True(new BootstrapTickets(Key).TryRead(text, out var read));
        Assert.Equal((Ticket.Batch, Ticket.Queue), (read.Batch, read.Queue));
        Assert.Equal(Ticket.Instances, read.Instances);
    }

    [Fact]
    public void TryRead_TicketOfAnotherKey_IsNone() => Assert.False(new BootstrapTickets(Key).TryRead(new BootstrapTickets(new byte[32]).Write(Ticket), out _));

    [Fact]
    public void TryRead_AnyLetterChanged_IsNone()
    {
        var tickets = new BootstrapTickets(Key);
        var text = tickets.Write(Ticket);
        for (var i = 0; i < text.Length; i++)
        {
            var changed = $"{text[..i]}{(text[i] == 'A' ? 'B' : 'A')}{text[(i + 1)..]}";
            if (tickets.TryRead(changed, out var read))
            {
                // The last letter of either part has bits that mean nothing.
                Assert.Equal(Ticket.Instances, read.Instances);
                Assert.True(i == text.Length - 1 || text[i + 1] == '.', $"letter {i}");
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.b.c")]
    [InlineData("%%%.###")]
    public void TryRead_NoTicket_IsNone(string? text) => Assert.False(new BootstrapTickets(Key).TryRead(text, out _));
}
