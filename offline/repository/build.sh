#!/bin/sh
# When this ends, $1 holds linux/debian, a signed repository shaped like docker-ce's, made of Debian's own engine
# packages for Debian bookworm hosts; $1/fingerprint holds the key's fingerprint, and $1/missing the engines left out.
#
# Debian's packages conflict with docker-ce's and have other names and paths: here they are repackaged under the
# names, versions and units that docker-ce has, so that one installation path serves both kinds of repository.
# This machine's apt settings are read, never changed; every download is checked against Debian's archive keys.
set -eu

out=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=offline/repository/functions.sh
. "$(dirname "$(realpath "$0")")/functions.sh"
built="Debian's build"
target_libc=2.36

main() {
    mkdir -p "$pool" "$index"
    : >"$out/missing"

    download bookworm docker.io containerd runc tini
    package_engine bookworm docker.io
    package_containerd bookworm

    download trixie docker.io docker-cli containerd
    package_engine trixie docker-cli
    package_containerd trixie

    # Debian's unstable branch has the newest engine, but is not always in a state to be had.
    if download sid docker.io docker-cli containerd && runs_on_target sid; then
        package_engine sid docker-cli
        package_containerd sid
    else
        echo "the newest engine, from Debian's unstable branch" >>"$out/missing"
    fi

    publish
}

# upstream SUITE PACKAGE: a package's upstream version, without Debian's own suffixes.
upstream() {
    dpkg-deb -f "$work/$1/files/$2"_*.deb Version | sed 's/^[0-9]*://; s/[-+~].*//'
}

# Whether a branch's programs ask for no newer C library than the hosts have.
runs_on_target() {
    newest=$(grep -ahoE 'GLIBC_2\.[0-9]+' "$(find "$work/$1/docker.io" -name dockerd)" \
        "$work/$1/docker-cli/usr/bin/docker" "$work/$1/containerd/usr/bin/containerd" |
        sed 's/GLIBC_//' | sort -V | tail -n 1)
    dpkg --compare-versions "${newest:-0}" le "$target_libc"
}

# package_engine SUITE CLI-PACKAGE: docker-ce and docker-ce-cli of the engine that the branch has.
package_engine() {
    source=$work/$1/docker.io
    version=5:$(upstream "$1" docker.io)-1~debian.$target_release~$target

    mkdir -p "$tree/usr/bin" "$tree/lib/systemd/system"
    cp "$(find "$source" -name dockerd)" "$(find "$source" -name docker-proxy)" "$tree/usr/bin/"
    cp "$work/bookworm/tini/usr/bin/tini-static" "$tree/usr/bin/docker-init"
    for unit in docker.service docker.socket; do
        cp "$(find "$source" -name "$unit")" "$tree/lib/systemd/system/$unit"
    done
    sed -i -e 's#^ExecStart=.*#ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock#' \
        -e '/^EnvironmentFile/d' "$tree/lib/systemd/system/docker.service"
    package docker-ce "$version" "docker.service docker.socket" <<CONTROL
Depends: containerd.io (>= 1.6), docker-ce-cli, iptables, libc6, libseccomp2, libsystemd0, libdevmapper1.02.1
Conflicts: docker, docker.io
Replaces: docker, docker.io
CONTROL

    mkdir -p "$tree/usr/bin" "$tree/usr/share"
    cp "$work/$1/$2/usr/bin/docker" "$tree/usr/bin/"
    cp -r "$work/$1/$2/usr/share/bash-completion" "$tree/usr/share/"
    package docker-ce-cli "$version" "" <<CONTROL
Depends: libc6
Conflicts: docker, docker.io, docker-cli
Replaces: docker, docker.io, docker-cli
CONTROL
}

# package_containerd SUITE: containerd.io, with bookworm's runc, which the hosts' C library suits.
package_containerd() {
    version=$(upstream "$1" containerd)-1~debian.$target_release~$target

    mkdir -p "$tree/usr/bin" "$tree/lib/systemd/system" "$tree/etc/containerd"
    for program in containerd containerd-shim-runc-v2 ctr; do
        cp "$work/$1/containerd/usr/bin/$program" "$tree/usr/bin/"
    done
    cp "$work/bookworm/runc/usr/sbin/runc" "$tree/usr/bin/"
    cp "$(find "$work/$1/containerd" -name containerd.service)" "$tree/lib/systemd/system/"
    sed -i 's#^ExecStart=/usr/local/bin/#ExecStart=/usr/bin/#' "$tree/lib/systemd/system/containerd.service"
    echo 'disabled_plugins = ["cri"]' >"$tree/etc/containerd/config.toml"
    package containerd.io "$version" containerd.service <<CONTROL
Depends: libc6, libseccomp2 (>= 2.5.0)
Provides: containerd, runc
Conflicts: containerd, runc
Replaces: containerd, runc
CONTROL
}

main
