using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ControlPlane.Domain.Catalog;

namespace ControlPlane.Import;

/// <summary>Writes the document of one autoscaler: what was decided stands as a comment where it was decided.</summary>
internal sealed partial class AutoscalerDocument(Autoscaler file, ImportOptions options)
{
    private const string Provider = "aws";
    private const string Budget = "clearml";

    // The wizard of the open-source autoscaler offers it where nothing is said.
    private const string DefaultRegion = "us-east-1";

    private readonly CommentedText yaml = new();
    private readonly List<string> noCounterpart = [.. file.NoCounterpart];
    private readonly List<(string Pool, AutoscalerResource Resource, int Max)> pools = [];

    public (string Document, IReadOnlyList<string> NoCounterpart) Write()
    {
        var queues = NameQueues();
        yaml.Say(0, $"Made of {options.File}, the configuration of ClearML's {(file.Cloud == AutoscalerCloud.Gcp ? "GCP" : "AWS")} autoscaler. What was decided on the way stands beside it; what has no counterpart stands at the end.");
        yaml.Raw(0, "version: 1");
        Source();
        if (file.Cloud == AutoscalerCloud.Aws)
            AwsProvider();
        BudgetOfAll();
        if (file.Cloud == AutoscalerCloud.Aws)
        {
            yaml.Raw(0, "pools:");
            foreach (var (pool, resource, max) in pools)
                Pool(pool, resource, max);
            Queues(queues);
        }
        else
        {
            Gcp(queues);
        }

        yaml.Raw(0, "");
        var left = noCounterpart.Distinct(StringComparer.Ordinal).ToList();
        yaml.Say(0, left.Count == 0 ? "Everything in the file has a counterpart above." : "Without a counterpart:");
        foreach (var note in left)
            yaml.Say(0, $"- {note}");
        return (yaml.ToString(), left);
    }

    /// <summary>A pool for each use of a resource: here a pool belongs to one queue.</summary>
    private List<(AutoscalerQueue Queue, IReadOnlyList<string> Pools)> NameQueues()
    {
        List<(AutoscalerQueue, IReadOnlyList<string>)> queues = [];
        foreach (var queue in file.Queues)
        {
            List<string> named = [];
            foreach (var (name, max) in queue.Resources)
            {
                if (file.Resources.FirstOrDefault(r => r.Name == name) is not { } resource)
                {
                    noCounterpart.Add($"queue {queue.Name}: its resource {name} is not in the file");
                    continue;
                }

                var pool = AutoscalerImport.NameOf(name, n => pools.All(p => p.Pool != n));
                pools.Add((pool, resource, max));
                named.Add(pool);
            }

            queues.Add((queue, named));
        }

        noCounterpart.AddRange(file.Resources.Where(r => pools.All(p => p.Resource != r)).Select(r => $"resource {r.Name}: no queue uses it"));
        return queues;
    }

    private void Source()
    {
        yaml.Raw(0, "sources:");
        yaml.Set(1, "name", "clearml", first: true);
        yaml.Set(2, "kind", "clearml");
        if (file.PollMinutes is { } minutes)
            yaml.Say(2, $"The file polls every {Text(minutes)} min. ControlPlane looks every 5 s, and every 15 s while nothing moves, in a few requests; see pace.");
        yaml.Raw(2, "clearml:");
        yaml.Say(3, "The file does not name the server: clearml.conf does, as api_server. The credentials are made in ClearML's settings.");
        yaml.Set(3, "url", options.Api);
        yaml.Set(3, "accessKey", "env:CLEARML_API_ACCESS_KEY");
        yaml.Set(3, "secretKey", "env:CLEARML_API_SECRET_KEY");
    }

    private void AwsProvider()
    {
        var region = file.Region ?? DefaultRegion;
        yaml.Raw(0, "providers:");
        yaml.Set(1, "name", Provider, first: true);
        yaml.Set(2, "kind", "aws");
        yaml.Raw(2, "aws:");
        if (file.Region is null)
            yaml.Say(3, $"The file names no region: {DefaultRegion} is what ClearML's wizard offers.");
        yaml.Set(3, "region", region);
        if (file.UsesChain || !file.HasCloudKey)
        {
            yaml.Say(3, "The file leaves credentials to the machine: the SDK looks in variables, profiles and the machine's own role.");
        }
        else
        {
            yaml.Say(3, "The file holds a key. It is not copied: give it to the node in these variables.");
            yaml.Set(3, "accessKey", "env:AWS_ACCESS_KEY_ID");
            yaml.Set(3, "secretKey", "env:AWS_SECRET_ACCESS_KEY");
            if (file.HasCloudToken)
                yaml.Set(3, "sessionToken", "env:AWS_SESSION_TOKEN");
        }

        if (region != DefaultRegion)
        {
            yaml.Say(3, "Money is set aside before a launch, at the built-in prices of us-east-1 times this. It was chosen high: write your region's, or prices in the pools.");
            yaml.Raw(3, "priceFactor: 1.5");
        }
    }

    private void BudgetOfAll()
    {
        yaml.Raw(0, "budgets:");
        yaml.Set(1, "name", Budget, first: true);
        yaml.Say(2, "ClearML limits instances only, and so does this: all maxima together. Write a limit of money too, such as limit: 100 with window: day.");
        yaml.Raw(2, $"maxInstances: {pools.Sum(p => p.Max).ToString(CultureInfo.InvariantCulture)}");
    }

    private void Pool(string name, AutoscalerResource resource, int max)
    {
        yaml.Set(1, "name", name, first: true);
        if (name != resource.Name)
            yaml.Say(2, $"In the file: {resource.Name}. A pool belongs to one queue, and its name has letters, digits, '-', '_' and '.' only.");
        yaml.Set(2, "provider", Provider);
        yaml.Raw(2, $"maxInstances: {max.ToString(CultureInfo.InvariantCulture)}");
        if (file.BootMinutes is { } boot)
            yaml.Raw(2, $"maxBootTime: {Minutes(boot)}");
        if (resource is { Spot: true, FallsBack: true })
        {
            yaml.Raw(2, $"fallbackAfter: {Minutes(resource.FallbackMinutes ?? 10)}");
            if (resource.FallbackMinutes is null)
                yaml.Say(2, "The file says that it falls back, not after which time.");
            if (resource.BlackoutMinutes is { } blackout)
                yaml.Raw(2, $"spotBlackout: {Minutes(blackout)}");
        }

        Aws(resource);
        Bootstrap(resource);
    }

    private void Aws(AutoscalerResource resource)
    {
        yaml.Raw(2, "aws:");
        if (resource.Type is { } type)
            yaml.Set(3, "types", [type]);
        else
            yaml.Say(3, "The file names no instance type: write types: [...].");
        Place(resource);
        if (resource.Spot)
            yaml.Set(3, "market", resource.FallsBack ? "spotThenOnDemand" : "spot");
        if (resource.Image is { } image)
            yaml.Raw(3, $"image: {{ id: {CommentedText.Quote(image)} }}");
        else
            yaml.Say(3, "The file names no image: write image: { id: ami-... }.");
        Disk(resource);
        if (resource.KeyPair is { } key)
            yaml.Set(3, "keyPair", key);
        if (resource.SecurityGroups.Count > 0)
            yaml.Set(3, "securityGroups", resource.SecurityGroups);
        if (file.InstanceProfile is { } profile)
            yaml.Set(3, "instanceProfile", profile);
        Tags(resource);
        if (LaunchSpec(resource) is { } spec)
            yaml.Set(3, "launchSpec", spec);
    }

    private void Place(AutoscalerResource resource)
    {
        switch (resource)
        {
            case { Subnets.Count: > 0, Zones.Count: var zones } when zones == resource.Subnets.Count:
                yaml.Set(3, "subnets", resource.Zones.Zip(resource.Subnets, KeyValuePair.Create));
                break;
            case { Subnets.Count: > 0 }:
                yaml.Set(3, "subnet", resource.Subnets[0]);
                if (resource.Subnets.Count > 1)
                {
                    yaml.Say(3, "The file names several subnets. With their zones all of them can be tried: in place of subnet write subnets: { us-east-1a: subnet-..., ... }.");
                    noCounterpart.Add($"resource {resource.Name}: the subnets {string.Join(", ", resource.Subnets.Skip(1))}, because their zones are not in the file");
                }

                if (resource.Zones.Count > 0)
                    yaml.Say(3, "The zone is the subnet's.");
                break;
            case { Zones.Count: > 0 }:
                yaml.Set(3, "zones", resource.Zones);
                break;
        }
    }

    private void Disk(AutoscalerResource resource)
    {
        if (resource.DiskDevice is null && resource.DiskSize is null)
            return;
        List<string> disk = [$"device: {CommentedText.Quote(resource.DiskDevice ?? "/dev/sda1")}"];
        if (resource.DiskSize is { } size)
            disk.Add($"size: {size.ToString(CultureInfo.InvariantCulture)}");
        if (resource.DiskType is { } type)
            disk.Add($"type: {CommentedText.Quote(type)}");
        if (resource.DiskSnapshot is { } snapshot)
            disk.Add($"snapshot: {CommentedText.Quote(snapshot)}");
        yaml.Raw(3, $"disks: [{{ {string.Join(", ", disk)} }}]");
    }

    private void Tags(AutoscalerResource resource)
    {
        var tags = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in file.Tags.Concat(resource.Tags))
        {
            if (key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase) || key.StartsWith("controlplane:", StringComparison.OrdinalIgnoreCase))
                noCounterpart.Add($"resource {resource.Name}: the tag {key}, because keys of this kind are taken");
            else
                tags[key] = value;
        }

        if (tags.Count > 0)
            yaml.Set(3, "tags", tags);
        if (resource.TagOn.Count > 0)
        {
            var known = resource.TagOn.Where(t => t is "instance" or "volume" or "spot-instances-request").ToList();
            if (known.Count > 0)
                yaml.Set(3, "tagOn", known);
            noCounterpart.AddRange(resource.TagOn.Except(known).Select(t => $"resource {resource.Name}: tags on {t}, which cannot be tagged at launch"));
        }
    }

    /// <summary>Parameters of the launch call beside those that have keys of their own. What would break that a launch happens once is left out.</summary>
    private string? LaunchSpec(AutoscalerResource resource)
    {
        var spec = new JsonObject();
        if (resource.Monitored)
            spec["Monitoring"] = new JsonObject { ["Enabled"] = true };
        foreach (var json in (string?[])[file.LaunchSpec, resource.LaunchSpec])
        {
            foreach (var (key, value) in json is null ? [] : JsonNode.Parse(json)!.AsObject())
            {
                if (key is "ClientToken" or "MinCount" or "MaxCount" or "TagSpecifications" or "InstanceType" or "InstanceMarketOptions" or "InstanceInitiatedShutdownBehavior" or "DryRun" or "LaunchTemplate" or "UserData")
                    noCounterpart.Add($"resource {resource.Name}: {key} of its launch specification, which ControlPlane sets itself");
                else
                    spec[key] = value?.DeepClone();
            }
        }

        return spec.Count == 0 ? null : spec.ToJsonString();
    }

    private void Bootstrap(AutoscalerResource resource)
    {
        yaml.Raw(2, "bootstrap:");
        if (options.Embedded)
        {
            yaml.Say(3, "As in ClearML: everything, secrets included, stands in user data, which every process on the machine and whoever may describe instances can read.");
            yaml.Set(3, "mode", "embedded");
            yaml.Raw(3, "clearml:");
            yaml.Set(4, "api", options.Api);
            yaml.Set(4, "accessKey", "env:CLEARML_API_ACCESS_KEY");
            yaml.Set(4, "secretKey", "env:CLEARML_API_SECRET_KEY");
        }
        else
        {
            yaml.Say(3, "Machines ask the control plane for their secrets, at the node's setting Node:GuestUrl. If they cannot reach it: import with --embedded.");
            yaml.Set(3, "mode", "fetch");
        }

        var prefix = file.WorkersPrefix ?? "dynamic_worker";
        if (ObjectName.IsValid(prefix))
            yaml.Set(3, "workersPrefix", prefix);
        else
            noCounterpart.Add($"workers_prefix: '{prefix}' cannot begin a worker's name here; workers begin with controlplane");
        if (file.DockerImage is { } image)
            yaml.Set(3, "dockerImage", image);
        if (file.GitUser is { } user && file.HasGitToken)
        {
            yaml.Set(3, "gitUser", user);
            yaml.Set(3, "gitToken", "env:GIT_TOKEN");
        }
        else if (file.GitUser is not null || file.HasGitToken)
        {
            yaml.Say(3, "The file has one of Git's user and password, and both are needed.");
            noCounterpart.Add($"{(file.HasGitToken ? "git_pass" : "git_user")}: Git's user and password belong together");
        }

        if (file.DockerArguments.Count > 0 && file.ClearMlConf is { } conf && LooksSecret().IsMatch(conf))
            noCounterpart.Add($"default_docker_image: its arguments; add {DockerLine()} to the file that holds extra_clearml_conf");
        Lines("clearmlConf", "extra_clearml_conf", "/etc/controlplane/clearml-extra.conf", file.DockerArguments.Count == 0 ? file.ClearMlConf : $"{DockerLine()}\n{file.ClearMlConf}");
        Lines("initScript", "extra_vm_bash_script", "/etc/controlplane/clearml-init.sh", file.InitScript);
        if (resource.CpuOnly)
            yaml.Raw(3, "cpuOnly: true");
        if (file.SkipBashrc)
            yaml.Raw(3, "skipBashrc: true");
    }

    private string DockerLine() => $"agent.default_docker.arguments: [{string.Join(", ", file.DockerArguments.Select(a => JsonValue.Create(a).ToJsonString()))}]";

    /// <summary>A text of the user's. One that looks as if it held secrets is not copied.</summary>
    private void Lines(string key, string original, string path, string? lines)
    {
        if (lines is null)
            return;
        if (!LooksSecret().IsMatch(lines))
        {
            yaml.Set(3, key, lines);
            return;
        }

        yaml.Say(3, $"{original} has lines that look like secrets, and is not copied: put it into this file, which the node must be able to read.");
        yaml.Set(3, $"{key}From", $"file:{path}");
    }

    private void Queues(List<(AutoscalerQueue Queue, IReadOnlyList<string> Pools)> queues)
    {
        yaml.Raw(0, "queues:");
        foreach (var (queue, named) in queues)
        {
            if (!ObjectName.IsValid(queue.Name))
            {
                yaml.Say(1, $"The queue '{queue.Name}' cannot be declared: {ObjectName.Rule} Rename it in ClearML, and write it here with pools: [{string.Join(", ", named)}].");
                noCounterpart.Add($"queue {queue.Name}: its name has characters that queues cannot have here; rename it in ClearML");
                continue;
            }

            yaml.Set(1, "name", queue.Name, first: true);
            yaml.Set(2, "source", "clearml");
            yaml.Set(2, "budget", Budget);
            yaml.Raw(2, $"maxIdleTime: {Minutes(file.IdleMinutes ?? 15)}");
            yaml.Say(2, "Paused, so that two autoscalers do not launch for the same tasks: stop ClearML's, then remove this line.");
            yaml.Raw(2, "paused: true");
            yaml.Set(2, "pools", named);
        }
    }

    /// <summary>What it will be when there is a provider for Compute Engine.</summary>
    private void Gcp(List<(AutoscalerQueue Queue, IReadOnlyList<string> Pools)> queues)
    {
        noCounterpart.Add($"all {pools.Count} resources: there is no provider gcp yet");
        yaml.Say(0, $"There is no provider gcp yet, so there are no pools and no queues. The file has: project {file.Project ?? "(none)"}, zone {file.Zone ?? "(none)"}.");
        foreach (var (pool, resource, max) in pools)
            yaml.Say(0, $"- pool {pool}: at most {max} of {resource.Type ?? "(no type)"}{(resource.Spot ? ", preemptible or spot" : "")}");
        foreach (var (queue, named) in queues)
            yaml.Say(0, $"- queue {queue.Name}: pools {string.Join(", ", named)}, idle for at most {Minutes(file.IdleMinutes ?? 15)}");
    }

    private static string Text(decimal number) => number.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Minutes(decimal minutes) => DurationText.Format(TimeSpan.FromSeconds((double)Math.Clamp(decimal.Round(minutes * 60), 0, 30 * 86_400)));

    [GeneratedRegex("secret|passw|token|api_?key|access_?key|credential|PRIVATE KEY|AKIA[0-9A-Z]{12}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LooksSecret();
}
