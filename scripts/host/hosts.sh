#!/bin/sh
# When this ends, /etc/hosts has the lines of /etc/skep/hosts, and no older ones of the same kind. Runs at every boot
# before the engine does: a container's /etc/hosts is written anew at every start. It may be a mount: written in place.
set -eu

kept=$(grep -v '# skep$' /etc/hosts || true)
{ printf '%s\n' "$kept" && cat /etc/skep/hosts; } >/etc/hosts.skep-new
cat /etc/hosts.skep-new >/etc/hosts
rm -f /etc/hosts.skep-new
