#!/bin/sh
# When this ends, the repository in $1 has packages of the programs in $2 too, and hosts that trusted it still do.
# offline/engine29/build.sh made the programs. A repository whose key nobody kept gets a new one.
set -eu

out=$(realpath "$1")
programs=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=offline/repository/functions.sh
. "$(dirname "$(realpath "$0")")/functions.sh"
built="Skep's build from Go modules"
engine=$(sed -n 's/^engine=//p' "$programs/versions")
containerd=$(sed -n 's/^containerd=//p' "$programs/versions")

# into FOLDER MODE PROGRAM...: copies files into a folder of $tree.
into() {
    folder=$tree/$1 mode=$2
    shift 2
    mkdir -p "$folder"
    for name in "$@"; do install -m "$mode" "$programs/$name" "$folder/"; done
}

version=$containerd-1~debian.$target_release~$target
into usr/bin 755 containerd containerd-shim-runc-v2 ctr runc
into lib/systemd/system 644 containerd.service
sed -i 's#^ExecStart=/usr/local/bin/#ExecStart=/usr/bin/#' "$tree/lib/systemd/system/containerd.service"
mkdir -p "$tree/etc/containerd"
echo 'disabled_plugins = ["cri"]' >"$tree/etc/containerd/config.toml"
package containerd.io "$version" containerd.service <<CONTROL
Depends: libc6, libseccomp2 (>= 2.5.0)
Provides: containerd, runc
Conflicts: containerd, runc
Replaces: containerd, runc
CONTROL

version=5:$engine-1~debian.$target_release~$target
into usr/bin 755 docker
mkdir -p "$tree/usr/share/bash-completion/completions"
"$programs/docker" completion bash >"$tree/usr/share/bash-completion/completions/docker"
package docker-ce-cli "$version" "" <<CONTROL
Conflicts: docker, docker.io, docker-cli
Replaces: docker, docker.io, docker-cli
CONTROL

# Debian's packages of containerd have a runc that starts no container of this engine.
into usr/bin 755 dockerd docker-proxy docker-init
into lib/systemd/system 644 docker.service docker.socket
package docker-ce "$version" "docker.service docker.socket" <<CONTROL
Depends: containerd.io (>= $containerd), docker-ce-cli, iptables
Conflicts: docker, docker.io
Replaces: docker, docker.io
CONTROL

publish
# What is in the repository by now; written last.
echo "$engine" >"$out/added"
