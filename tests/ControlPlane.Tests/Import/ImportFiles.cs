namespace ControlPlane.Host.Tests.Import;

/// <summary>Files as ClearML's autoscalers have them. The secrets are made up.</summary>
internal static class ImportFiles
{
    /// <summary>Everything that the open-source autoscaler reads; one list stands in two places, as Python's YAML writes it.</summary>
    public const string Yaml = """
        configurations:
          extra_clearml_conf: "agent.package_manager.type: pip\nsdk.aws.s3.secret: hunter2-conf\n"
          extra_trains_conf: ''
          extra_vm_bash_script: |
            apt-get install -y jq
            export MODE="fast"
          queues:
            gpu_queue:
            - - aws4gpu
              - 3
            - - aws4gpu_spot
              - 5
            default:
            - - small machines
              - 2
            "queue with spaces":
            - - forgotten
              - 1
          resource_configurations:
            aws4gpu:
              ami_id: ami-04129d3de24f88348
              availability_zone: us-east-1c
              ebs_device_name: /dev/sda1
              ebs_volume_size: 100
              ebs_volume_type: gp3
              instance_type: g4dn.xlarge
              is_spot: false
              key_name: gpu
              security_group_ids: &groups [sg-0123456789abcdef0, sg-0fedcba9876543210]
              tags: "team=vision,cost-center=7"
            aws4gpu_spot:
              ami_id: ami-04129d3de24f88348
              availability_zone: us-east-1a
              subnet_id: subnet-0123456789abcdef0
              instance_type: g4dn.xlarge
              is_spot: true
              security_group_ids: *groups
              cpu_only: false
              enable_monitoring: true
              extra_configurations: { Placement: { Tenancy: dedicated }, ClientToken: mine }
            small machines:
              ami_id: ami-04129d3de24f88348
              instance_type: m5.large
              is_spot: false
              cpu_only: true
              key_name: null
              security_group_ids: null
            unused:
              instance_type: m5.large
        hyper_params:
          cloud_credentials_key: AKIAFAKEFAKEFAKEFAKE
          cloud_credentials_region: us-east-1
          cloud_credentials_secret: hunter2-cloud
          cloud_provider: ''
          default_docker_image: nvidia/cuda:12.4.1-runtime-ubuntu22.04 -e FOO=bar
          git_pass: hunter2-git
          git_user: robot
          iam_arn: arn:aws:iam::123456789012:instance-profile/worker
          max_idle_time_min: 15
          max_spin_up_time_min: 30
          polling_interval_time_min: 5
          use_credentials_chain: false
          workers_prefix: dynamic_worker
          a_key_of_the_future: 7
        """;

    /// <summary>An export of the AWS app, wrapped as its server hands it out.</summary>
    public const string AwsApp = """
        {
          "application": {
            "id": "aws-autoscaler",
            "configuration": {
              "name": "my scaler",
              "aws_credentials": { "use_iam_role": true, "aws_region": "eu-west-1" },
              "git_user": "robot",
              "git_password": "hunter2-git",
              "max_idle_time_min": "7.5",
              "workers_prefix": "dynamic_aws",
              "polling_interval_time_min": 1,
              "use_docker": false,
              "default_docker_image": "nvidia/cuda",
              "exclude_bashrc": true,
              "iam_instance_profile": { "iam_name": "worker" },
              "init_script": "echo hello",
              "instance_queue_list": [
                {
                  "resource_name": "spot",
                  "instance_type": "g4dn.xlarge",
                  "is_spot": true,
                  "regular_instance_rollback": true,
                  "regular_instance_rollback_timeout": 10,
                  "spot_instance_blackout_period": 60,
                  "availability_zone": "eu-west-1a",
                  "ami_id": "ami-04129d3de24f88348",
                  "num_instances": 4,
                  "queue_name": "train",
                  "tags": "team=vision",
                  "place_tags_on_resources": ["instance", "volume"],
                  "ebs_device_name": "/dev/sda1",
                  "ebs_volume_size": "200",
                  "security_group_ids": "sg-0123456789abcdef0,sg-0fedcba9876543210",
                  "subnet_id": "subnet-0123456789abcdef0, subnet-0fedcba9876543210"
                }
              ]
            }
          }
        }
        """;

    public const string GcpApp = """
        {
          "gcp_project_id": "my-project",
          "gcp_zone": "us-central1-a",
          "gcp_credentials": "{\"type\": \"service_account\", \"private_key\": \"hunter2-gcp\"}",
          "max_idle_time_min": 20,
          "instance_queue_list": "[{\"resource_name\": \"t4\", \"machine_type\": \"n1-standard-4\", \"gpu_type\": \"nvidia-tesla-t4\", \"preemptible\": true, \"num_instances\": 2, \"queue_name\": \"train\"}]"
        }
        """;
}
