#!/bin/sh
# When this ends, $1 is a tar archive of a minimal Debian bookworm: the images' base where Docker Hub is out of reach.
# The packages come from the mirror that this machine's own apt uses, with its signature checks.
set -eu

archive=$1
suite=bookworm

# shellcheck disable=SC2016 # apt-get fills these in, not the shell.
sites=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' "Identifier: Packages")
site=$(echo "$sites" | awk '$1 ~ /\/debian\/?$/ && $3 == "main" { print $1; exit }')
security=$(echo "$sites" | awk '$1 ~ /debian-security\/?$/ && $3 == "main" { print $1; exit }')
if [ -z "$site" ]; then
    echo "This machine's apt has no Debian mirror configured." >&2
    exit 1
fi

set -- "deb $site $suite main" "deb $site $suite-updates main"
[ -z "$security" ] || set -- "$@" "deb $security $suite-security main"

# What is left out is what Docker's own slim images leave out.
mmdebstrap --quiet --variant=minbase \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$suite" "$archive" "$@"
