#!/usr/bin/env bash
# The web app in Debian's Chromium against the program, on the default model: tools/web_e2e.sh PROGRAM [TEST...]
set -euo pipefail
program=$(realpath "${1:?usage: tools/web_e2e.sh PROGRAM [TEST...]}")
shift
cd "$(dirname "$0")/../web"

address=$(mktemp)
"$program" serve --port 0 >"$address" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -f "$address"' EXIT
for _ in $(seq 100); do
  [[ -s $address ]] && break
  sleep 0.1
done
url=$(head -n1 "$address")
[[ $url == http://* ]] || { echo "the server did not start" >&2; exit 1; }
LIMPID_URL=${url%/} npx --no-install playwright test "$@"
