#!/bin/sh
# Starts the monitor: sets up what is missing, stops an earlier run, starts the head in the background
# and prints the page's address. Options: scripts/run_monitor.sh --help
set -u
. "$(dirname -- "$0")/setup.sh"
exec node "$root/dist/rollcall.js" start "$@"
