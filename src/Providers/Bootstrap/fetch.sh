# shellcheck shell=bash
# shellcheck disable=SC2154 # What stands in common.sh is put in front of this.
# The user data of a machine in the mode fetch: it asks the control plane once for the script that makes it a worker, and runs it. No secret stands here.
worker=$cp_state/worker.sh

# fetch_worker FILE: asks until there is a definite answer. The same machine asks with the same claim, so that a lost answer can be asked for again.
fetch_worker() {
  local code waited=0 pause=2
  [[ -s $cp_state/claim ]] || od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' >"$cp_state/claim"
  printf '{"ticket":"%s","nativeId":"%s","claim":"%s"}' "$CP_TICKET" "$cp_native_id" "$(<"$cp_state/claim")" >"$cp_state/request.json"
  while :; do
    code=$(curl -sS --max-time 30 -X POST -H 'Content-Type: application/json' --data-binary "@$cp_state/request.json" \
      -o "$cp_state/answer" -w '%{http_code}' "$CP_URL/api/v1/bootstrap") || code=000
    case $code in
      200)
        # A proxy may answer too.
        if [[ $(head -n 1 "$cp_state/answer") == '#!/bin/bash' ]]; then break; fi
        say "$CP_URL answered with something that is no script"
        ;;
      000 | 408 | 425 | 429 | 5??) say "$CP_URL did not answer yet ($code)" ;;
      *)
        say "$CP_URL refused ($code): $(head -c 500 "$cp_state/answer" | tr -d '\r\n')"
        return 1
        ;;
    esac
    if ((waited >= CP_PATIENCE)); then
      say "gave up after $waited s"
      return 1
    fi
    sleep "$pause"
    waited=$((waited + pause))
    pause=$((pause < 16 ? pause * 2 : 30))
  done
  mv "$cp_state/answer" "$1"
}

if [[ ! -s $worker ]]; then
  command -v curl >/dev/null || install_packages curl ca-certificates
  retry 10 ask_native_id
  say "asks $CP_URL for what makes a worker of $cp_native_id"
  fetch_worker "$worker"
fi
trap - EXIT TERM INT
exec bash "$worker"
