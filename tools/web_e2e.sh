#!/usr/bin/env bash
# The web app in Debian's Chromium against the program, on the default model: tools/web_e2e.sh PROGRAM [TEST...]
set -euo pipefail
program=$(realpath "${1:?usage: tools/web_e2e.sh PROGRAM [TEST...]}")
shift
cd "$(dirname "$0")/../web"

files=$(mktemp -d)
address=$files/address
"$program" serve --port 0 >"$address" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$files"' EXIT
"$program" explain "When Mary and John went to the store, John gave a drink to" --html "$files/page.html" >/dev/null
printf '</script><script>alert(1)</script> <!--<script> \u2028 "\\ \360\237\246\231' |
  "$program" explain - --html "$files/hostile.html" >/dev/null
for _ in $(seq 100); do
  [[ -s $address ]] && break
  sleep 0.1
done
url=$(head -n1 "$address")
[[ $url == http://* ]] || { echo "the server did not start" >&2; exit 1; }
LIMPID_URL=${url%/} LIMPID_PAGE=$files/page.html LIMPID_HOSTILE_PAGE=$files/hostile.html \
  npx --no-install playwright test "$@"
