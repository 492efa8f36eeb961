#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml names, in deploy/secrets: passwords, tokens, an authority and a certificate for each node. What is there
# stays as it is. The program is CONTROLPLANE (a command), else it is built and run from this repository.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-$here/secrets}
read -ra program <<<"${CONTROLPLANE:-dotnet run --project $here/../src/ControlPlane --}"

umask 077
mkdir -p "$folder"

# random FILE BYTES: so many random bytes in hexadecimal digits, in one line.
random() {
  [[ -s $folder/$1 ]] || printf '%s\n' "$(head -c "$2" /dev/urandom | od -An -v -tx1 | tr -d ' \n')" >"$folder/$1"
}

random database-password 24
random admin-token 32
random metrics-token 32
random cluster-key 32
if [[ ! -s $folder/connection-string ]]; then
  printf 'Host=database;Username=controlplane;Database=controlplane;Password=%s;Maximum Pool Size=50\n' "$(<"$folder/database-password")" >"$folder/connection-string"
fi

[[ -s $folder/ca.key ]] || "${program[@]}" certs init --out "$folder" --name controlplane
for node in node-1 node-2 node-3; do
  [[ -s $folder/$node.key ]] || "${program[@]}" certs issue "$node" --ca "$folder" --host "$node"
done

# Containers run as another user, and an engine without swarm mounts the files as they are. The folder itself stays closed to others.
chmod 0644 "$folder"/{admin-token,metrics-token,cluster-key,connection-string,database-password,ca.crt} "$folder"/node-*.{crt,key}
echo "$folder has the secrets. Keep ca.key: it signs further nodes, and no container needs it."
