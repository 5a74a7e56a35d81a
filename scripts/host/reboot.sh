#!/bin/sh
# With MODE=reboot: a moment after this ends, the host stops its services in order and reboots. With MODE=look nothing
# changes. The last line names this run of the system: it is another one after a reboot. A container has the boot id of its
# machine, so the moment counts, too, at which its first process began.
set -eu

if [ "$MODE" = reboot ]; then
    systemctl start --no-block --job-mode=replace-irreversibly reboot.target
fi
printf '{"boot": "%s/%s"}\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(cut -d ' ' -f 22 /proc/1/stat)"
