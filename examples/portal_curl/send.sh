#!/usr/bin/env bash
# Sign a message as a Standard Webhook and post it to the gateway's web channel.
#
#   TRECKK_SECRET=portal.secret ./send.sh https://aduan.example.go.id/channels/portal message.json
#
# Exits 0 when the gateway has stored it, 75 when the same message should be sent again later, 1 when it is refused.
# Sending again is safe: a message whose data.id the gateway knows changes nothing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=signing.sh
source "$here/signing.sh"

if (($# != 2)); then
  echo "usage: TRECKK_SECRET=FILE $0 URL MESSAGE.json" >&2
  exit 1
fi
url=$1 message=$2
key=$(key_of "${TRECKK_SECRET:?names the file that holds whsec_...}")

# The id stays the same when this message is sent again, the timestamp is that of the attempt.
id=msg_$(openssl dgst -sha256 -r "$message" | cut -c1-32)
timestamp=$(date +%s)

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
status=$(curl --silent --show-error --max-time 30 --output "$answer" --write-out '%{http_code}' \
  --header 'Content-Type: application/json' \
  --header "webhook-id: $id" \
  --header "webhook-timestamp: $timestamp" \
  --header "webhook-signature: v1,$(signature "$key" "$id" "$timestamp" "$message")" \
  --data-binary "@$message" "$url") || status=000

printf '%s %s\n' "$status" "$(cat "$answer")"
case $status in
  2??) exit 0 ;;
  000 | 408 | 429 | 5??) exit 75 ;;
  *) exit 1 ;;
esac
