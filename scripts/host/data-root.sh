#!/bin/sh
# Defines a function for the script that follows it.
# data_root: says the folder of this host's engine for its data.

data_root() {
    root=$(sed -n 's/.*"data-root"[^"]*"\([^"]*\)".*/\1/p' /etc/docker/daemon.json 2>/dev/null || true)
    echo "${root:-/var/lib/docker}"
}
