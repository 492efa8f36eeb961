using System.Globalization;
using System.Text.Json.Nodes;

namespace ControlPlane.Import;

/// <summary>
/// Reads <c>aws_autoscaler.yaml</c> (allegroai/clearml, examples/services/aws-autoscaler) and what ClearML's AWS and GCP autoscaler apps export
/// (allegroai/clearml-docs, webapp/applications). The apps' key names are not documented; each field is looked for under every name that is known of it, and a key
/// that nobody knows is told.
/// </summary>
internal static class AutoscalerReader
{
    private static readonly string[] ItemLists = ["instance_queue_list", "resource_configurations"];

    /// <exception cref="ImportException">It is no such file.</exception>
    public static Autoscaler Read(string text)
    {
        var root = ImportMap.Read(text);
        var notes = new List<string>();
        if (root.Keys.Any(k => k is "hyper_params" or "configurations"))
            return Make(root.Map("hyper_params") ?? ImportMap.Empty, root.Map("configurations") ?? ImportMap.Empty, notes);
        if (FindApp(root, 0) is not { } app)
            throw new ImportException("This is neither aws_autoscaler.yaml (hyper_params and configurations) nor the export of ClearML's AWS or GCP autoscaler app (instance_queue_list).");
        var form = Flatten(app);
        return Make(form, form, notes);
    }

    private static Autoscaler Make(ImportMap settings, ImportMap parts, List<string> notes)
    {
        // The app keeps everything in one mapping; then both are the same, and what one has taken the other need not tell.
        var resources = new List<AutoscalerResource>();
        var queues = new List<(string Queue, string Resource, int Max)>();
        foreach (var (name, item) in parts.Items(ItemLists))
        {
            var resource = Resource(name ?? item.Text("resource_name", "instance_name", "name") ?? $"resource{resources.Count + 1}", item);
            _ = item.Text("resource_name", "instance_name", "name");
            var max = item.Number("num_instances", "max_instances", "max_num_instances", "max_number_of_instances");
            if (item.Text("queue_name", "monitored_queue", "queue") is { } queue)
                queues.Add((queue, resource.Name, (int)(max ?? 1)));
            notes.AddRange(item.Left.Select(k => $"{k}: not understood"));
            resources.Add(resource);
        }

        ReadQueues(parts.Node("queues"), queues, notes);
        var (image, arguments) = Docker(settings.Text("default_docker_image", "docker_image", "base_docker_image"));
        var docker = !settings.Keys.Any(k => k is "use_docker" or "use_docker_mode" or "docker_mode") || settings.Truth("use_docker", "use_docker_mode", "docker_mode");
        var made = new Autoscaler
        {
            Cloud = IsGcp(settings, resources) ? AutoscalerCloud.Gcp : AutoscalerCloud.Aws,
            Region = settings.Text("cloud_credentials_region", "aws_region", "region"),
            HasCloudKey = settings.Text("cloud_credentials_key", "aws_credentials_key_id", "aws_access_key_id", "aws_key", "gcp_credentials") is not null
                | settings.Text("cloud_credentials_secret", "aws_secret_access_key", "aws_credentials_secret", "aws_secret") is not null,
            HasCloudToken = settings.Text("cloud_credentials_token", "aws_session_token") is not null,
            UsesChain = settings.Truth("use_credentials_chain", "use_iam_role"),
            Project = settings.Text("gcp_project_id", "gcp_project"),
            Zone = settings.Text("gcp_zone"),
            GitUser = settings.Text("git_user"),
            HasGitToken = settings.Text("git_pass", "git_password", "git_token") is not null,
            DockerImage = docker ? image : null,
            DockerArguments = docker ? arguments : [],
            IdleMinutes = settings.Number("max_idle_time_min", "max_idle_time"),
            BootMinutes = settings.Number("max_spin_up_time_min", "max_spin_up_time"),
            PollMinutes = settings.Number("polling_interval_time_min", "polling_interval_min", "polling_interval"),
            WorkersPrefix = settings.Text("workers_prefix"),
            InstanceProfile = settings.Text("iam_arn", "iam_instance_profile_arn", "arn") ?? settings.Text("iam_name", "iam_instance_profile_name"),
            SkipBashrc = settings.Truth("exclude_bashrc", "exclude_bashrc_script", "skip_bashrc"),
            InitScript = parts.Lines("extra_vm_bash_script", "init_script"),
            ClearMlConf = parts.Lines("extra_clearml_conf", "extra_trains_conf", "additional_clearml_configuration", "clearml_conf"),
            Tags = settings.Pairs("tags"),
            LaunchSpec = Json(parts.Node("custom_launch_spec")),
            Resources = resources,
            Queues = [.. queues.GroupBy(q => q.Queue, StringComparer.Ordinal).Select(g => new AutoscalerQueue(g.Key, [.. g.Select(q => (q.Resource, q.Max))]))],
            NoCounterpart = notes,
        };
        Tell(settings, parts, notes);
        return made;
    }

    /// <summary>What is known and has no counterpart, with the reason; then what is not known.</summary>
    private static void Tell(ImportMap settings, ImportMap parts, List<string> notes)
    {
        Known("use_iam_instance_profile", "a profile that is named is used", quiet: true);
        Known("iam_name", "only one of the profile's ARN and name is needed", quiet: true);
        Known("cloud_provider", "the kind of provider says it", quiet: true);
        Known("name", "the app's own name", quiet: true);
        Known("app_name", "the app's own name", quiet: true);
        Known("warn_more_than_one_executing_instance", "always done here", quiet: true);
        Known("docker_force_pull", "write agent.docker_force_pull: true in clearmlConf");
        Known("apply_task_owner_vault", "ClearML's vaults are read by its server and agent only");
        Known("ignore_vault_parsing_errors", "there is no vault here");
        Known("service_account", "ControlPlane runs outside of ClearML's apps");
        notes.AddRange(settings.Left.Union(ReferenceEquals(settings, parts) ? [] : parts.Left, StringComparer.Ordinal).Where(k => !notes.Any(n => n.StartsWith(k + ":", StringComparison.Ordinal))).Select(k => $"{k}: not understood"));

        void Known(string key, string why, bool quiet = false)
        {
            var there = settings.Text(key) ?? parts.Text(key);
            if (there is not null && !quiet && there.ToUpperInvariant() is not "FALSE")
                notes.Add($"{key}: {why}");
        }
    }

    private static AutoscalerResource Resource(string name, ImportMap item) => new(name)
    {
        Type = item.Text("instance_type", "ec2_type", "machine_type"),
        Spot = item.Truth("is_spot", "use_spot", "use_spot_instance", "preemptible", "is_preemptible", "use_preemptible_instance"),
        FallsBack = item.Truth("regular_instance_rollback", "use_regular_instance_rollback"),
        FallbackMinutes = item.Number("regular_instance_rollback_timeout", "regular_instance_rollback_timeout_min"),
        BlackoutMinutes = item.Number("spot_instance_blackout_period", "spot_instance_blackout_period_min", "preemptible_instance_blackout_period", "preemptible_instance_blackout_period_min"),
        Zones = item.Words("availability_zone", "availability_zones"),
        Subnets = item.Words("subnet_id", "subnet_ids", "vpc_subnet_id"),
        Image = item.Text("ami_id", "ami", "machine_image", "source_image"),
        DiskDevice = item.Text("ebs_device_name", "ebs_device"),
        DiskSize = (int?)item.Number("ebs_volume_size", "disk_size_gb", "disc_size", "disk_size"),
        DiskType = item.Text("ebs_volume_type"),
        DiskSnapshot = item.Text("ebs_snapshot_id"),
        KeyPair = item.Text("key_name", "key_pair", "instance_key_pair"),
        SecurityGroups = item.Words("security_group_ids", "security_group_id", "security_groups"),
        Tags = item.Pairs("tags", "ec2_tags"),
        TagOn = item.Words("place_tags_on_resources", "tag_resources", "tags_on_resources"),
        CpuOnly = item.Truth("cpu_only", "cpu_mode", "run_in_cpu_mode"),
        Monitored = item.Truth("enable_monitoring"),
        LaunchSpec = Json(item.Node("extra_configurations")),
    };

    /// <summary><c>queues: {queue: [[resource, max], ...]}</c>.</summary>
    private static void ReadQueues(JsonNode? node, List<(string Queue, string Resource, int Max)> queues, List<string> notes)
    {
        if (node is not JsonObject map)
            return;
        foreach (var (queue, value) in map)
        {
            foreach (var pair in (value as JsonArray ?? []).OfType<JsonArray>())
            {
                if (pair is [{ } resource, { } max] && int.TryParse(max.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                    queues.Add((queue, resource.ToString(), number));
                else
                    notes.Add($"configurations.queues.{queue}: an entry is no pair of a resource and a number");
            }
        }
    }

    private static bool IsGcp(ImportMap settings, List<AutoscalerResource> resources) =>
        settings.Keys.Any(k => k.StartsWith("gcp_", StringComparison.Ordinal))
        || string.Equals(settings.Text("cloud_provider"), "GCP", StringComparison.OrdinalIgnoreCase)
        || (resources.Count > 0 && resources.All(r => r.Image?.StartsWith("projects/", StringComparison.Ordinal) == true));

    private static (string? Image, IReadOnlyList<string> Arguments) Docker(string? text)
    {
        var words = (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? (null, []) : (words[0], words[1..]);
    }

    private static string? Json(JsonNode? node) => node is JsonObject { Count: > 0 } map ? map.ToJsonString() : null;

    /// <summary>An export may wrap the form in what the app's instance is.</summary>
    private static JsonObject? FindApp(ImportMap map, int depth)
    {
        foreach (var key in map.Keys)
        {
            if (map.Node(key) is not JsonObject inner)
                continue;
            if (ItemLists.Any(inner.ContainsKey))
                return inner;
            if (depth < 4 && FindApp(new ImportMap(inner), depth + 1) is { } found)
                return found;
        }

        return depth == 0 && map.Keys.Any(ItemLists.Contains) ? map.Whole : null;
    }

    /// <summary>Forms group their fields: what stands in a group is taken as if it stood outside.</summary>
    private static ImportMap Flatten(JsonObject app)
    {
        var flat = new JsonObject();
        foreach (var (key, value) in app)
        {
            if (value is not JsonObject group || ItemLists.Contains(key) || key is "custom_launch_spec" or "tags")
            {
                flat[key] = value?.DeepClone();
                continue;
            }

            foreach (var (inner, field) in group)
                flat.TryAdd(inner, field?.DeepClone());
        }

        return new ImportMap(flat);
    }
}
