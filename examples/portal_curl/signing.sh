# shellcheck shell=bash
# What send.sh and verify.sh share: Standard Webhooks 1.0.0 with openssl. Sourced, not run.

# The key in hexadecimal, from a file that holds whsec_ and base64.
key_of() {
  local secret key
  secret=$(tr -d '[:space:]' <"$1")
  key=$(printf '%s' "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  # An empty or short key would fit any forger's signature.
  if [[ $secret != whsec_* || ! $key =~ ^([0-9a-f]{2}){24,64}$ ]]; then
    echo "$1: a secret is whsec_ and the base64 of 24 to 64 bytes" >&2
    return 1
  fi
  printf '%s' "$key"
}

# signature KEY ID TIMESTAMP FILE: what is signed is "ID.TIMESTAMP." and then the bytes of the file as they are.
signature() {
  local key=$1 id=$2 timestamp=$3 file=$4
  { printf '%s.%s.' "$id" "$timestamp"; cat -- "$file"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A
}
