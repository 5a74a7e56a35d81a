#!/bin/sh
# When this ends, the engine has restarted, even if it hung so that an ordinary stop would wait for ever.
set -eu

systemctl kill -s KILL docker
# The engine's unit allows three starts a minute: reset that first.
systemctl reset-failed docker.service docker.socket
systemctl start docker
echo "{}"
