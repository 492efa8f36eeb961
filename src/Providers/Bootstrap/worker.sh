# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # What stands in common.sh is put in front of this.
# Makes a worker of a bare Linux machine, and shuts the machine down when the worker ends. It can be run again: what is there is not made anew.
running=$cp_root/run/controlplane-worker.pid
if [[ -s $running ]] && kill -0 "$(<"$running")" 2>/dev/null; then
  trap - EXIT
  say "runs already"
  exit 0
fi
printf '%s' "$$" >"$running"
exec > >(tee -a "$cp_root/var/log/controlplane-worker.log") 2>&1

# A script of somebody else runs in this shell, so that what it exports reaches the agent; it need not be as strict as this one.
run_foreign() {
  local status=0
  set +euo pipefail
  # shellcheck source=/dev/null
  source "$1"
  status=$?
  set -euo pipefail
  trap finish EXIT
  trap 'exit 143' TERM INT
  return "$status"
}

has_venv() {
  "$CP_PYTHON" -c 'import venv, ensurepip' 2>/dev/null
}

install_agent() {
  local missing=()
  if ! command -v "$CP_PYTHON" >/dev/null; then missing+=("${CP_PYTHON##*/}"); fi
  if ! command -v git >/dev/null; then missing+=(git); fi
  if ! command -v curl >/dev/null; then missing+=(curl ca-certificates); fi
  if [[ -n $CP_DOCKER_IMAGE ]] && ! command -v docker >/dev/null; then
    if command -v apt-get >/dev/null; then missing+=(docker.io); else missing+=(docker); fi
  fi
  if ((${#missing[@]} > 0)); then install_packages "${missing[@]}"; fi

  cp_interpreter=$CP_PYTHON
  if [[ $CP_VENV == 1 ]]; then
    local venv=$cp_root/opt/controlplane/venv
    if ! has_venv && command -v apt-get >/dev/null; then install_packages "${CP_PYTHON##*/}-venv"; fi
    if [[ ! -x $venv/bin/python ]]; then "$CP_PYTHON" -m venv "$venv"; fi
    cp_interpreter=$venv/bin/python
  elif ! "$cp_interpreter" -m pip --version >/dev/null 2>&1; then
    install_packages python3-pip
  fi
  if [[ -z $CP_AGENT_VERSION ]] && "$cp_interpreter" -c 'import clearml_agent' 2>/dev/null; then
    say "the agent is there already"
  else
    # Newer systems guard their own Python; this machine has no other purpose.
    export PIP_BREAK_SYSTEM_PACKAGES=1
    retry 6 "$cp_interpreter" -m pip install --quiet --disable-pip-version-check "clearml-agent$CP_AGENT_VERSION"
  fi
}

start_docker() {
  if docker info >/dev/null 2>&1; then return 0; fi
  if command -v systemctl >/dev/null; then systemctl start docker || true; else service docker start || true; fi
  retry 6 docker info >/dev/null
}

renew() {
  curl -fsS --max-time 20 -o /dev/null -X POST -H 'Content-Type: application/json' --data-binary "@$cp_state/request.json" "$CP_URL/api/v1/bootstrap/renew"
}

# The dead man's switch: without a control plane nobody would ever end this machine.
watch_control_plane() {
  local last=$SECONDS
  while sleep "$CP_RENEW_SECONDS"; do
    if renew; then last=$SECONDS; fi
    if ((SECONDS - last >= CP_DEAD_SECONDS)); then
      say "the control plane was out of reach for $CP_DEAD_SECONDS s"
      kill -TERM "$$"
      return 0
    fi
  done
}

run_agents() {
  local name options=() slot agent failed=0
  name=$CP_PREFIX:$CP_POOL:$CP_TYPE:$cp_native_id
  if [[ -n $CP_DOCKER_IMAGE ]]; then options+=(--docker "$CP_DOCKER_IMAGE"); fi
  if [[ $CP_CPU_ONLY == 1 ]]; then
    export NVIDIA_VISIBLE_DEVICES=none
    options+=(--cpu-only)
  fi
  for ((slot = 0; slot < CP_SLOTS; slot++)); do
    if ((CP_SLOTS == 1)); then
      export CLEARML_WORKER_ID=$name
    else
      export CLEARML_WORKER_ID=$name:$slot
    fi
    say "starts the agent $CLEARML_WORKER_ID for the queue $CP_QUEUE"
    "$cp_interpreter" -m clearml_agent --config-file "$HOME/clearml.conf" daemon --queue "$CP_QUEUE" --foreground ${options[@]+"${options[@]}"} &
    cp_agents+=($!)
  done
  for agent in "${cp_agents[@]}"; do
    wait "$agent" || failed=$?
  done
  return "$failed"
}

if [[ -z ${CP_NATIVE_ID:-} ]]; then
  command -v curl >/dev/null || install_packages curl ca-certificates
  retry 10 ask_native_id
else
  cp_native_id=$CP_NATIVE_ID
fi
say "becomes a worker of pool $CP_POOL as $cp_native_id"
if ((CP_DEAD_SECONDS > 0)); then
  watch_control_plane &
  cp_watch=$!
fi
if [[ $CP_SKIP_BASHRC != 1 && -r $HOME/.bashrc ]]; then run_foreign "$HOME/.bashrc" || true; fi
if [[ $CP_WORKER == clearml ]]; then
  install_agent
  printf '%s' "$CP_CONF" >"$HOME/clearml.conf"
  if [[ -n $CP_DOCKER_IMAGE ]]; then start_docker; fi
fi
if [[ -n $CP_INIT ]]; then
  printf '%s\n' "$CP_INIT" >"$cp_state/init.sh"
  status=0
  run_foreign "$cp_state/init.sh" || status=$?
  if [[ $CP_WORKER == command ]]; then exit "$status"; fi
  if ((status != 0)); then say "the init script's last command failed with status $status; going on"; fi
fi
run_agents
