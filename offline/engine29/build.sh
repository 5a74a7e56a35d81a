#!/bin/sh
# When this ends, $1 holds the programs of Docker 29.8.1, containerd 2.3.5 and runc 1.5.1, built from Go modules, with their
# units, and the tini that Debian has. offline/repository/add.sh makes packages of them.
# Needs go 1.26.6 or newer, gcc, libc6-dev and apt-get. The environment says where Go keeps what it fetches and compiles.
#
# The source of 29.8.1 is moby/moby v2.0.0-beta.24: Docker releases such a commit under the other number. Each program has
# its own go.mod, because in a common one each would get the newest dependencies that any of them asks for.
set -eu

engine=29.8.1
containerd=2.3.5
runc=1.5.1
out=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=offline/repository/functions.sh
. "$here/../repository/functions.sh"
export CGO_ENABLED=0
static='netgo osusergo static_build'

# build FOLDER PACKAGE OUTPUT FLAGS...
build() {
    folder=$1 package=$2 output=$3
    shift 3
    (cd "$here/$folder" && go build -trimpath -buildvcs=false "$@" -o "$out/$output" "$package")
}

# units FOLDER MODULE FILE...: units, as their module has them.
units() {
    source=$(cd "$here/$1" && go list -m -f '{{.Dir}}' "$2")
    shift 2
    for file in "$@"; do install -m 644 "$source/$file" "$out/"; done
}

# Fetch what Debian gives before the long part, which ends in vain without it.
download bookworm tini libseccomp-dev
install -m 755 "$work/bookworm/tini/usr/bin/tini-static" "$out/docker-init"

moby=github.com/moby/moby/v2
version=$moby/dockerversion
build dockerd "$moby/cmd/dockerd" dockerd -tags "$static nri_no_wasm" \
    -ldflags "-s -w -X $version.Version=$engine -X $version.GitCommit=v2.0.0-beta.24 -X '$version.PlatformName=Docker Engine, built from Go modules'"
build dockerd "$moby/cmd/docker-proxy" docker-proxy -ldflags '-s -w'
units dockerd "$moby" contrib/init/systemd/docker.service contrib/init/systemd/docker.socket

# Without a go.mod of its own, docker/cli counts as Go 1.16: the language version is set by hand.
version=github.com/docker/cli/cli/version
build cli github.com/docker/cli/cmd/docker docker -tags 'netgo osusergo grpcnotrace' \
    -gcflags 'github.com/docker/cli/...=-lang=go1.26' \
    -ldflags "-s -w -X $version.Version=$engine -X $version.GitCommit=v$engine"

module=github.com/containerd/containerd/v2
flags="-s -w -X $module/version.Version=$containerd -X $module/version.Revision=v$containerd"
build containerd "$module/cmd/containerd" containerd -tags "$static urfave_cli_no_docs" -ldflags "$flags"
build containerd "$module/cmd/containerd-shim-runc-v2" containerd-shim-runc-v2 \
    -tags "$static urfave_cli_no_docs no_grpc" -ldflags "$flags"
build containerd "$module/cmd/ctr" ctr -tags "$static urfave_cli_no_docs" -ldflags "$flags"
units containerd "$module" containerd.service

# Debian 12's runc starts no container of 29.8, which gives each a time namespace. A runc without libseccomp starts none
# either. libseccomp's static library comes from Debian 12 and is not installed, so pkg-config does not know it.
seccomp=$work/bookworm/libseccomp-dev/usr
CGO_ENABLED=1 PKG_CONFIG=true CGO_CFLAGS="-O2 -I$seccomp/include" \
    CGO_LDFLAGS="-O2 -L$(echo "$seccomp"/lib/*-linux-gnu) -lseccomp"
export CGO_ENABLED PKG_CONFIG CGO_CFLAGS CGO_LDFLAGS
build runc github.com/opencontainers/runc runc -buildmode=pie -tags 'seccomp urfave_cli_no_docs netgo osusergo' \
    -ldflags "-s -w -X main.gitCommit=v$runc -linkmode external -extldflags -static-pie"

printf 'engine=%s\ncontainerd=%s\n' "$engine" "$containerd" >"$out/versions"
