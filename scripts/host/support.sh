#!/bin/sh
# Prints what helps to find a fault on this host, and changes nothing. A line "=== NAME" begins each part. Each part is
# bounded in time and size, and a program that is missing or fails leaves its message there. Environments and commands of
# containers are left out: they may hold secrets of the user's own.
set -u
export LC_ALL=C

part() {
    name=$1
    shift
    printf '\n=== %s\n' "$name"
    timeout 10 "$@" 2>&1 | tail -c 300000
}

part system sh -c 'uname -a; cat /etc/os-release; date -u; uptime; free -m; df -h; systemctl --failed --no-legend'
part versions sh -c 'docker version; containerd --version; runc --version; dpkg-query -W docker-ce containerd.io docker.io'
part engine docker info
# The token of a log driver is the only secret there.
part settings sed 's/\("[^"]*token"[^"]*\)"[^"]*"/\1"[secret]"/g' /etc/docker/daemon.json
part containers docker ps --all --no-trunc --format '{{.ID}} {{.Image}} {{.Names}} {{.Status}} {{.Ports}}'
part networks docker network ls --no-trunc
part events docker events --since 2h --until 0s --format '{{.Time}} {{.Type}} {{.Action}} {{.Actor.ID}} {{with index .Actor.Attributes "name"}}{{.}}{{end}} {{with index .Actor.Attributes "exitCode"}}exit {{.}}{{end}}'
part docker.log journalctl --unit docker --no-pager --lines 1500 --output short-iso
part containerd.log journalctl --unit containerd --no-pager --lines 500 --output short-iso
part system.log journalctl --priority warning --no-pager --lines 300 --output short-iso
part firewall sh -c 'iptables-save; ip6tables-save; nft list ruleset'
part addresses sh -c 'ip address; ip route show table all; ip rule; ip neighbour; cat /etc/hosts /etc/resolv.conf'
part sockets ss -tulpn
