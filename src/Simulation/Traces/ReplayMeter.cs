using ControlPlane.Domain.Pricing;

namespace ControlPlane.Simulation.Traces;

/// <summary>Counts what truly happens in a replay: machines and their bill, tasks and their waits.</summary>
internal sealed class ReplayMeter(int queues)
{
    private readonly Tally[] _tallies = [.. Enumerable.Range(0, queues).Select(_ => new Tally())];

    /// <summary>One queue's sums.</summary>
    internal sealed class Tally
    {
        public List<TimeSpan> Waits { get; } = [];

        public Int128 Bill { get; set; }

        public int Machines { get; set; }

        public int Launches { get; set; }

        public int Peak { get; set; }

        public int Interruptions { get; set; }

        public TimeSpan Billed { get; set; }

        public TimeSpan SlotTime { get; set; }

        public TimeSpan Worked { get; set; }

        public TimeSpan Lost { get; set; }
    }

    public int Pending { get; set; }

    public int Running { get; private set; }

    public int Booting { get; private set; }

    public int Busy { get; private set; }

    public int Machines { get; private set; }

    public int Idle => Machines - Booting - Busy;

    public int Peak { get; private set; }

    public int DoneTasks { get; private set; }

    public IReadOnlyList<Tally> Tallies => _tallies;

    public void Launched(ReplayMachine machine)
    {
        Machines++;
        Booting++;
        Peak = Math.Max(Peak, Machines);
        var tally = _tallies[machine.Queue];
        tally.Launches++;
        tally.Machines++;
        tally.Peak = Math.Max(tally.Peak, tally.Machines);
    }

    public void Registered(ReplayMachine machine)
    {
        machine.Registered = true;
        Booting--;
    }

    public void Ended(ReplayMachine machine)
    {
        Machines--;
        if (!machine.Registered)
            Booting--;
        var tally = _tallies[machine.Queue];
        tally.Machines--;
        tally.Bill += machine.Bill;
        tally.Billed += machine.Billed;
        tally.SlotTime += (machine.EndedAt!.Value - machine.StartedAt) * machine.Pool.Slots;
    }

    public void Started(ReplayMachine machine)
    {
        Running++;
        if (machine.BusySlots++ == 0)
            Busy++;
    }

    public void Interrupted(ReplayMachine machine, ReplayTask task, DateTimeOffset now)
    {
        Stopped(machine);
        var tally = _tallies[machine.Queue];
        tally.Interruptions++;
        tally.Lost += now - task.StartedAt;
    }

    public void Done(ReplayMachine machine, ReplayTask task, DateTimeOffset now)
    {
        Stopped(machine);
        DoneTasks++;
        var tally = _tallies[machine.Queue];
        tally.Worked += task.Duration;
        tally.Waits.Add(now - task.SubmittedAt - task.Duration);
    }

    /// <summary>Micro-dollars an hour times ticks, as money; a part of a micro-dollar counts as one.</summary>
    public static Money Price(Int128 bill) => new((long)((bill + TimeSpan.TicksPerHour - 1) / TimeSpan.TicksPerHour));

    private void Stopped(ReplayMachine machine)
    {
        Running--;
        if (--machine.BusySlots == 0)
            Busy--;
    }
}
