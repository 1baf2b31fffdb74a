#!/bin/sh
# Stops the head and every monitor that it started. Options: --state-dir DIR, --config FILE
set -u
. "$(dirname -- "$0")/setup.sh"
exec node "$root/dist/rollcall.js" stop "$@"
