#!/usr/bin/env bash
# Check that a callback comes from the gateway. The body is read from standard input, byte by byte as it arrived.
#
#   TRECKK_SECRET=portal.secret ./verify.sh "$WEBHOOK_ID" "$WEBHOOK_TIMESTAMP" "$WEBHOOK_SIGNATURE" <body
#
# Exits 0 when it is genuine, 1 otherwise. Whoever calls this still takes each webhook-id only once.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=signing.sh
source "$here/signing.sh"

tolerance=300

refuse() {
  echo "refused: $1" >&2
  exit 1
}

(($# == 3)) || refuse "usage: TRECKK_SECRET=FILE $0 ID TIMESTAMP SIGNATURES <body"
id=$1 timestamp=$2 signatures=$3
key=$(key_of "${TRECKK_SECRET:?names the file that holds whsec_...}")

[[ $id =~ ^[A-Za-z0-9_:=+/@~-]{1,256}$ ]] || refuse "the id is not plain"
[[ $timestamp =~ ^[0-9]{1,12}$ ]] || refuse "the timestamp is not plain digits"
age=$(($(date +%s) - 10#$timestamp))
((age <= tolerance && age >= -tolerance)) || refuse "the timestamp is more than $tolerance seconds off"

body=$(mktemp)
trap 'rm -f "$body"' EXIT
cat >"$body"
expected="v1,$(signature "$key" "$id" "$timestamp" "$body")"

# While the secret is being changed there are several signatures, separated by spaces; one of them must fit.
# Digests are compared, so that the time it takes tells nothing about the signature itself.
digest() { printf '%s' "$1" | openssl dgst -sha256 -r; }
wanted=$(digest "$expected")
read -r -a given <<<"$signatures" || true
for one in "${given[@]:0:16}"; do
  [[ $(digest "$one") == "$wanted" ]] && exit 0
done
refuse "no signature fits"
