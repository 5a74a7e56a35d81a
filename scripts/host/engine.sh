#!/bin/sh
# When this ends, exactly the wanted versions of docker-ce, docker-ce-cli and containerd.io are installed, held and running.
# They come from a repository whose key has the given fingerprint. LOGIN_USER may use the engine. The host has its reserve,
# where reserve.sh finds the room.
# Inputs: REPOSITORY_URL, KEY_FINGERPRINT, DOCKER_VERSION, CONTAINERD_VERSION, LOGIN_USER; RESTART, `yes` if the engine
# restarts even if the wanted one runs; DOWNLOAD, `yes` if the packages are only fetched, and the engine stays as it is;
# also http_proxy, https_proxy and no_proxy if the host reaches the repository through a proxy. Only this script uses them;
# the host keeps none.
set -eu

export DEBIAN_FRONTEND=noninteractive
# The proxy that the settings give hosts goes before the one that only this script gets.
# shellcheck source=/dev/null
if [ -e /etc/skep/proxy ]; then . /etc/skep/proxy; fi
sources=/etc/apt/sources.list.d/docker.sources
# Where earlier versions of Skep named the repository.
list=/etc/apt/sources.list.d/docker.list
key=/etc/apt/keyrings/docker.asc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Boot timers of a cloud image hold apt's locks for minutes: wait for them, bounded. apt itself waits for dpkg's lock only,
# and fails at once when the lists or the archive are locked.
exec 3>&2
lock_seconds=300
apt() {
    apt_end=$(($(date +%s) + lock_seconds))
    until apt-get -qq -o DPkg::Lock::Timeout=$lock_seconds "$@" 2>"$work/apt"; do
        if ! grep -q 'Could not get lock\|Unable to lock' "$work/apt"; then
            cat "$work/apt" >&2
            return 1
        fi
        [ "$(date +%s)" -lt "$apt_end" ] ||
            fail APT_BUSY "Another program has held apt's locks for $lock_seconds seconds: $(head -n 1 "$work/apt"). Wait for it, then run up again." 2>&3
        sleep 3
    done
    cat "$work/apt" >&2
}

# A repository that is refused must not stay behind for the next apt run; what was there before it does.
for file in "$sources" "$list" "$key"; do
    if [ -e "$file" ]; then cp -p "$file" "$work/before-${file##*/}"; fi
done
refuse() {
    for file in "$sources" "$list" "$key"; do
        if [ -e "$work/before-${file##*/}" ]; then cp -p "$work/before-${file##*/}" "$file"; else rm -f "$file"; fi
    done
    fail "$1" "$2"
}

# A lab host that moved to another zone kept its disk, so it may still be a member at its old address. Such a member can
# neither be reached nor unlocked, and an engine that tries hangs. This applies only before the host's first engine: later,
# a user may have chosen the address.
data=$(sed -n 's/.*"data-root"[^"]*"\([^"]*\)".*/\1/p' /etc/docker/daemon.json 2>/dev/null || true)
data=${data:-/var/lib/docker}
membership=$data/swarm/docker-state.json
if [ -e "$membership" ] && ! command -v dockerd >/dev/null; then
    moved=true
    for address in $(hostname -I); do
        if grep -q "\"AdvertiseAddr\":\"${address}[:\"]" "$membership"; then moved=false; fi
    done
    if $moved; then rm -rf "$data/swarm"; fi
fi

# Other packages of Docker must go first (Docker's install page, "Uninstall old versions").
old=$(dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' docker docker-engine docker.io docker-doc docker-compose podman-docker containerd runc 2>/dev/null | awk '$2 == "ii" { print $1 }')
if [ -n "$old" ] && [ "${DOWNLOAD:-no}" = no ]; then
    # shellcheck disable=SC2086 # $old is a list of names
    apt remove -y $old >/dev/null
fi

if ! command -v curl >/dev/null || ! command -v gpg >/dev/null; then
    apt update
    apt install -y --no-install-recommends ca-certificates curl gnupg >/dev/null
fi

curl -fsSL --retry 3 --connect-timeout 10 --max-time 60 "$REPOSITORY_URL/gpg" -o "$work/key" ||
    refuse REPOSITORY_UNREACHABLE "The key of $REPOSITORY_URL could not be fetched. Check that this host reaches it, then run up again."
found=$(gpg --batch --homedir "$work" --show-keys --with-colons "$work/key" 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
[ "$found" = "$KEY_FINGERPRINT" ] ||
    refuse REPOSITORY_KEY "The key of $REPOSITORY_URL has the fingerprint ${found:-none}, not $KEY_FINGERPRINT. Find out why before anything is installed from there."

# shellcheck source=/dev/null
. /etc/os-release
install -d -m 755 /etc/apt/keyrings
install -m 644 "$work/key" "$key"
cat >"$sources" <<SOURCES
Types: deb
URIs: $REPOSITORY_URL
Suites: $VERSION_CODENAME
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: $key
SOURCES
rm -f "$list"
apt update -o Dir::Etc::sourcelist="$sources" -o Dir::Etc::sourceparts=/dev/null -o APT::Get::List-Cleanup=0 ||
    refuse REPOSITORY_BROKEN "apt could not read $REPOSITORY_URL. Check that this host reaches it, then run up again."

# apt reads no list at all while two sources of one repository name different keys.
if ! apt-cache policy docker-ce >/dev/null 2>"$work/policy" && grep -q 'Conflicting values' "$work/policy"; then
    others=$(grep -lF "${REPOSITORY_URL%/}" /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -vxF "$sources" | tr '\n' ' ')
    refuse REPOSITORY_TWICE "${others:-Another file below /etc/apt }names $REPOSITORY_URL, too, with another key. Remove it from this host, then run up again."
fi

has() { apt-cache madison "$1" | awk -F ' *[|] *' -v want="$2" '$2 == want { found = 1 } END { exit !found }'; }
{ has docker-ce "$DOCKER_VERSION" && has docker-ce-cli "$DOCKER_VERSION" && has containerd.io "$CONTAINERD_VERSION"; } ||
    refuse ENGINE_VERSION "$REPOSITORY_URL has no docker-ce $DOCKER_VERSION with containerd.io $CONTAINERD_VERSION. Set skep:dockerVersion to one that it has."

install_engine() {
    # shellcheck disable=SC2086 # no option is no word
    apt install ${1:-} -y --no-install-recommends --allow-downgrades --allow-change-held-packages \
        "docker-ce=$DOCKER_VERSION" "docker-ce-cli=$DOCKER_VERSION" "containerd.io=$CONTAINERD_VERSION" bash-completion \
        >"$work/log" 2>&1
}
# A host that lost its power in the middle of an installation refuses every further one until this.
[ "${DOWNLOAD:-no}" = yes ] || dpkg --configure -a >/dev/null 2>&1 || true
option=
if [ "${DOWNLOAD:-no}" = yes ]; then option=--download-only; fi
# The first attempt uses only the engine's repository. Fetch Debian's lists only if something is missing.
if ! install_engine $option; then
    apt update
    install_engine $option || {
        tail -n 20 "$work/log" >&2
        fail ENGINE_INSTALL "docker-ce $DOCKER_VERSION could not be installed. What apt said stands above; mend it on the host, then run up again."
    }
fi
if [ "${DOWNLOAD:-no}" = yes ]; then
    echo '{}'
    exit
fi
apt-mark hold docker-ce docker-ce-cli containerd.io >/dev/null
apt-get clean
usermod -aG docker "$LOGIN_USER"

# systemd does not start an engine again that failed too often (its unit allows three starts a minute): reset that first.
systemctl reset-failed docker.service docker.socket 2>/dev/null || true
systemctl enable --quiet containerd docker
# In the engine's own words.
silent() {
    why=$(journalctl -u docker -n 50 --no-pager -o cat 2>/dev/null | grep -i 'fail\|unable\|invalid' | grep -v 'docker.service' | tail -n 1)
    fail ENGINE_SILENT "The engine $1${why:+ ($why)}. Look at: journalctl -u docker."
}
systemctl start containerd docker 2>/dev/null || silent "does not start"
answers() {
    timeout 60 sh -c 'until docker version >/dev/null 2>&1; do sleep 0.3; done' ||
        silent "did not answer within 60 seconds of its start"
}
# Compare versions without the epoch and without Debian's suffix.
asked=${DOCKER_VERSION#*:}
runs() { [ "$(docker version --format '{{.Server.Version}}' | sed 's/[-+~].*//')" = "${asked%%[-+~]*}" ]; }
answers
if [ "${RESTART:-no}" = yes ] || ! runs; then
    systemctl restart docker 2>/dev/null || silent "does not start again"
    answers
    runs || fail ENGINE_OTHER "Another engine than docker-ce $DOCKER_VERSION runs also after a restart. Look at: systemctl cat docker."
fi

# An engine without a reserve works, and status says that it is missing.
keep_reserve || true

modprobe ip_vs 2>/dev/null || true
modprobe esp4 2>/dev/null || true
mesh=false
[ -e /proc/net/ip_vs ] && mesh=true
esp=false
ip xfrm state list >/dev/null 2>&1 && grep -qs '^esp' /proc/crypto /proc/net/protocols && esp=true
grep -qs '^esp4 ' /proc/modules && esp=true

printf '{"engine": "%s", "containerd": "%s", "mesh": %s, "esp": %s}\n' "$DOCKER_VERSION" "$CONTAINERD_VERSION" "$mesh" "$esp"
