using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace ControlPlane.Catalog;

[Description("A queue to scale.")]
internal sealed class QueueShape
{
    [Required]
    [NameText]
    [Description("The queue's name in its source; unique among queues.")]
    public string? Name { get; set; }

    [Required]
    [NameText]
    [Description("The source that holds the queue. Cannot change while the queue has instances.")]
    public string? Source { get; set; }

    [Required]
    [NameText]
    [Description("The budget that pays.")]
    public string? Budget { get; set; }

    [Range(-1_000, 1_000)]
    [LeftOut("0")]
    [Description("Who is served first when money is short: higher first, -1,000 to 1,000.")]
    public int? Priority { get; set; }

    [Range(0, int.MaxValue)]
    [LeftOut("0")]
    [Description("Instances that are kept however idle: 0 to the sum of the pools' maxInstances.")]
    public int? MinInstances { get; set; }

    [DurationText("auto")]
    [LeftOut("auto")]
    [Description("An instance that is idle for longer is ended: 0 to 7d. auto: it is kept for as long as that is likely to save more than it costs, by what the queue has learnt, at most about 15m.")]
    public string? MaxIdleTime { get; set; }

    [DurationText]
    [Description("Within what time of its submission a task must be done, 1m to 365d: pools with spot and on-demand offers leave spot out when there is no time left to lose a run. Left out: no limit.")]
    public string? FinishWithin { get; set; }

    [LeftOut("false")]
    [Description("Launch nothing while true; what runs goes on.")]
    public bool? Paused { get; set; }

    [Description("Which tasks of a lost machine go back to the queue. Left out: all, as often as the source lets them.")]
    public RequeueShape? Requeue { get; set; }

    [Description("The rule that turns what is seen of the queue into a wanted number of instances. Left out: perTask.")]
    public PolicyShape? Policy { get; set; }

    [Required]
    [Description("Names of pools, tried in this order: 1 to 100.")]
    public List<string>? Pools { get; set; }
}

[Description("Which tasks go back to their queue when the machine that ran them was taken back, vanished or was ended. What does not go back is failed, and says why.")]
internal sealed class RequeueShape
{
    [LeftOut("false")]
    [Description("Put no task back.")]
    public bool? Never { get; set; }

    [Range(0, 1_000)]
    [Description("How often one task may go back: 0 to 1,000. Left out: for kind embedded as the task's maxAttempts says, for kind clearml 3 times.")]
    public int? Attempts { get; set; }

    [DurationText]
    [Description("A task that had run for longer does not go back: 1s to 365d. Left out: however long it had run.")]
    public string? OnlyYounger { get; set; }

    [LeftOut("false")]
    [Description("When the platform gives notice that it will take a machine back, end it and put its tasks back at once, instead of letting them run until it is gone.")]
    public bool? AtNotice { get; set; }
}

[Description("A scaling policy.")]
internal sealed class PolicyShape
{
    [Required]
    [Words("perTask", "targetWait", "plugin")]
    [Description("perTask: a slot for each pending task that no idle or booting slot will take. targetWait: as few instances as 19 of 20 tasks need to wait for no longer than target. plugin: a rule of your own.")]
    public string? Type { get; set; }

    [DurationText]
    [Description("The wait that 19 of 20 tasks shall not exceed: 1s to 24h. Only for type targetWait, which must have it.")]
    public string? Target { get; set; }

    [Description("The plug-in's full type name. Only for type plugin, which must have it.")]
    public string? Class { get; set; }
}
