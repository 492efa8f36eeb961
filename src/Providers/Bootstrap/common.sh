# shellcheck shell=bash
# What both scripts of a machine's first boot have in common. Every path lies below CP_ROOT, which is empty on a real machine and a scratch folder in tests.
set -euo pipefail
umask 077

cp_root=${CP_ROOT:-}
export HOME=$cp_root/root DEBIAN_FRONTEND=noninteractive
cp_state=$cp_root/var/lib/controlplane
cp_agents=()
cp_watch=
mkdir -p "$HOME" "$cp_state" "$cp_root/run" "$cp_root/var/log"

# What stands on standard error reaches the machine's console: cloud-init and GCE's agent see to that.
say() {
  printf '%s controlplane: %s\n' "$(date -u +%FT%TZ)" "$*" >&2
}

# A machine whose worker has ended, or never came to be, only costs money: its cloud terminates it on shutdown.
finish() {
  local status=$? child
  trap - EXIT
  set +e
  for child in $cp_watch ${cp_agents[@]+"${cp_agents[@]}"}; do kill "$child" 2>/dev/null; done
  say "ended with status $status; the machine shuts down"
  shutdown -h now
  exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT

# retry TIMES COMMAND...: until it succeeds, with pauses of 2, 4, 8, 16 and then 30 s.
retry() {
  local left=$1 pause=2
  shift
  until "$@"; do
    left=$((left - 1))
    if ((left <= 0)); then
      say "gave up: $*"
      return 1
    fi
    say "failed, again in $pause s: $*"
    sleep "$pause"
    pause=$((pause < 16 ? pause * 2 : 30))
  done
}

install_packages() {
  say "installs $*"
  if command -v apt-get >/dev/null; then
    retry 6 apt-get -q -o DPkg::Lock::Timeout=120 update
    retry 6 apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
  elif command -v dnf >/dev/null; then
    retry 6 dnf install -q -y "$@"
  elif command -v yum >/dev/null; then
    retry 6 yum install -q -y "$@"
  else
    say "there is no package manager that we know, and these are missing: $*"
    return 1
  fi
}

# The machine's id at its cloud.
ask_native_id() {
  local token
  case $CP_PLATFORM in
    ec2)
      token=$(curl -fsS --max-time 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token) || return 1
      cp_native_id=$(curl -fsS --max-time 5 -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id) || return 1
      ;;
    gce) cp_native_id=$(curl -fsS --max-time 5 -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/instance/name) || return 1 ;;
    *) cp_native_id=$(hostname) || return 1 ;;
  esac
  [[ $cp_native_id =~ ^[A-Za-z0-9._-]{1,128}$ ]]
}
