#!/bin/sh
# When this ends, the user LOGIN of this host accepts the SSH key ADD, and not the key DROP: each is a key's type and body, or
# empty. The file is replaced at once, and never becomes empty.
set -eu

home=$(getent passwd "$LOGIN" | cut -d : -f 6)
file=$home/.ssh/authorized_keys
next=$(mktemp "$file.XXXXXX")
trap 'rm -f "$next"' EXIT

if [ -n "$DROP" ]; then grep -vF -e "$DROP" "$file" || true; else cat "$file"; fi >"$next"
[ -z "$ADD" ] || grep -qF -e "$ADD" "$next" || printf '%s\n' "$ADD" >>"$next"
grep -q '^[^#]' "$next" || fail HOST_LOGINS "Without that key, $LOGIN could log in with no key."
chown --reference "$file" "$next"
chmod 600 "$next"
mv "$next" "$file"

printf '{"keys": %s}\n' "$(grep -c '^[^#]' "$file")"
