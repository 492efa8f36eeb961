#!/usr/bin/env bash
# The topology of docker-compose.yml as processes of this machine, on the loopback and free ports: PostgreSQL, three nodes that speak mutual TLS with each
# other, and on wish an emulated EC2. Needs PostgreSQL's programs, and this repository's build or CONTROLPLANE (the command that runs the program).
#
#   cluster.sh up [--ec2]    starts what does not run and waits until every node is ready
#   cluster.sh kill N        kills node N as a power cut does; 'up' starts it again
#   cluster.sh stop N        stops node N in order, as an upgrade does
#   cluster.sh status        one line for each process: name, process id, address, state
#   cluster.sh down          stops everything; the data stays unless CLUSTER_FOLDER is removed
#
# Everything is kept in CLUSTER_FOLDER, else in .cluster in this repository: data, logs, process ids, ports.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=${CLUSTER_FOLDER:-$root/.cluster}
nodes=${CLUSTER_NODES:-3}
patience=${CLUSTER_PATIENCE:-180}
if [[ -n ${CONTROLPLANE:-} ]]; then
  read -ra program <<<"$CONTROLPLANE"
else
  program=(dotnet "$root/artifacts/bin/ControlPlane/debug/controlplane.dll")
fi

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# running NAME: whether the process that was started under this name still is that process.
running() {
  local pid
  [[ -s $folder/$1.pid ]] || return 1
  pid=$(<"$folder/$1.pid")
  [[ -r /proc/$pid/environ ]] && tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "CLUSTER_PROCESS=$folder/$1"
}

# start NAME COMMAND...: in a session of its own, so that a signal to this script's terminal does not reach it.
start() {
  local name=$1
  shift
  CLUSTER_PROCESS=$folder/$name setsid "$@" >>"$folder/$name.log" 2>&1 </dev/null &
  echo $! >"$folder/$name.pid"
}

# end NAME SIGNAL: sends the signal and waits until the process is gone.
end() {
  local pid
  if running "$1"; then
    pid=$(<"$folder/$1.pid")
    kill "-$2" "$pid" 2>/dev/null || true
    for ((i = 0; i < patience * 10; i++)); do
      running "$1" || break
      sleep 0.1
    done
    ! running "$1" || fail "$1 (process $pid) does not end."
  fi
  rm -f "$folder/$1.pid"
}

# port NAME: the port that was drawn for this name; draws a free one at first.
port() {
  local candidate
  if [[ ! -s $folder/$1.port ]]; then
    for ((i = 0; i < 100; i++)); do
      candidate=$((20000 + RANDOM % 12000))
      if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null && ! grep -qxF "$candidate" "$folder"/*.port 2>/dev/null; then
        echo "$candidate" >"$folder/$1.port"
        break
      fi
    done
    [[ -s $folder/$1.port ]] || fail "No free port was found."
  fi
  cat "$folder/$1.port"
}

# wait_for WHAT COMMAND...: until the command succeeds.
wait_for() {
  local what=$1
  shift
  for ((i = 0; i < patience * 4; i++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.25
  done
  fail "After $patience s: $what."
}

# answers PORT PATH: whether an HTTP server on the loopback answers 200.
answers() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
  IFS= read -r -t 20 line <&3
  exec 3<&- 3>&-
  [[ $line == *" 200 "* ]]
}

postgres_programs() {
  local found
  found=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) || true
  [[ -n $found ]] || found=$(command -v initdb) || fail "PostgreSQL's initdb is not installed."
  dirname "$found"
}

# as_postgres COMMAND...: the database refuses to run as root.
as_postgres() {
  if ((EUID == 0)); then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}

database_up() {
  local bin data=$folder/database/data port
  running database && return 0
  bin=$(postgres_programs)
  port=$(port database)
  if [[ ! -s $data/PG_VERSION ]]; then
    mkdir -p "$folder/database"
    if ((EUID == 0)); then chown postgres "$folder/database"; fi
    (cd / && as_postgres "$bin/initdb" -D "$data" -A trust -U controlplane --locale=C --encoding=UTF8) >"$folder/initdb.log"
  fi
  # A server that was killed leaves its own pid file; nobody else uses this folder.
  rm -f "$data/postmaster.pid"
  if ((EUID == 0)); then
    start database setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/postgres" -D "$data" -p "$port" -h 127.0.0.1 -k "$folder/database" -c max_connections=200
  else
    start database "$bin/postgres" -D "$data" -p "$port" -h 127.0.0.1 -k "$folder/database" -c max_connections=200
  fi
  wait_for "PostgreSQL takes no connections; see $folder/database.log" "$bin/pg_isready" -h 127.0.0.1 -p "$port" -q
  if ! "$bin/psql" -h 127.0.0.1 -p "$port" -U controlplane -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = 'controlplane'" | grep -q 1; then
    "$bin/createdb" -h 127.0.0.1 -p "$port" -U controlplane controlplane
  fi
}

certificates() {
  local n
  [[ -s $folder/certs/ca.crt ]] || "${program[@]}" certs init --out "$folder/certs" --name local >/dev/null
  for ((n = 1; n <= nodes; n++)); do
    [[ -s $folder/certs/node-$n.crt ]] || "${program[@]}" certs issue "node-$n" --ca "$folder/certs" --host 127.0.0.1 >/dev/null
  done
}

node_up() {
  local n=$1 name=node-$1
  running "$name" && return 0
  mkdir -p "$folder/$name"
  start "$name" env \
    "CONTROLPLANE_Storage__ConnectionString=Host=127.0.0.1;Port=$(port database);Username=controlplane;Database=controlplane;Maximum Pool Size=40" \
    "CONTROLPLANE_Node__ClusterKeyFile=$folder/cluster.key" \
    "CONTROLPLANE_Cluster__Host=127.0.0.1" \
    "CONTROLPLANE_Cluster__Port=$(port "$name-remoting")" \
    "CONTROLPLANE_Cluster__Tls__AuthorityFile=$folder/certs/ca.crt" \
    "CONTROLPLANE_Cluster__Tls__CertificateFile=$folder/certs/node-$n.crt" \
    "CONTROLPLANE_Cluster__Tls__KeyFile=$folder/certs/node-$n.key" \
    "${program[@]}" run --data "$folder/$name/data" --listen "http://127.0.0.1:$(port "$name")"
}

up() {
  local n
  mkdir -p "$folder"
  [[ -s $folder/cluster.key ]] || (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$folder/cluster.key")
  database_up
  certificates
  if [[ ${1:-} == --ec2 ]] && ! running ec2; then
    start ec2 "${program[@]}" emulate ec2 --port "$(port ec2)"
  fi
  for ((n = 1; n <= nodes; n++)); do node_up "$n"; done
  for ((n = 1; n <= nodes; n++)); do
    wait_for "node-$n is not ready; see $folder/node-$n.log" answers "$(port "node-$n")" /health/ready
  done
  status
}

status() {
  local n name state
  for name in database $(for ((n = 1; n <= nodes; n++)); do echo "node-$n"; done) ec2; do
    [[ -s $folder/$name.port ]] || continue
    state=stopped
    if running "$name"; then
      state=running
      if [[ $name == node-* ]]; then
        state=unready
        if answers "$(port "$name")" /health/ready 2>/dev/null; then state=ready; fi
      fi
    fi
    printf '%s %s 127.0.0.1:%s %s\n' "$name" "$(cat "$folder/$name.pid" 2>/dev/null || echo -)" "$(port "$name")" "$state"
  done
}

down() {
  local n
  # All at once: each waits for the others otherwise.
  for ((n = 1; n <= nodes; n++)); do if running "node-$n"; then kill -TERM "$(<"$folder/node-$n.pid")"; fi; done
  for ((n = 1; n <= nodes; n++)); do end "node-$n" TERM; done
  end ec2 TERM
  end database INT
}

node_of() {
  if ! [[ ${1:-} =~ ^[0-9]+$ ]] || ((10#$1 < 1 || 10#$1 > nodes)); then
    fail "Say which node: 1 to $nodes."
  fi
  echo "node-$((10#$1))"
}

case ${1:-} in
  up) up "${2:-}" ;;
  down) down ;;
  status) status ;;
  kill) end "$(node_of "${2:-}")" KILL ;;
  stop) end "$(node_of "${2:-}")" TERM ;;
  *) fail "Usage: $0 up [--ec2] | kill N | stop N | status | down" ;;
esac
