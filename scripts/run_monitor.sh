#!/bin/sh
# Starts the monitor: sets up what is missing, stops an earlier run, starts the head in the background
# and prints the page's address. Options: scripts/run_monitor.sh --help
set -u
script=$0
while [ -h "$script" ]; do
  target=$(readlink "$script") || exit 1
  case $target in /*) script=$target ;; *) script=$(dirname -- "$script")/$target ;; esac
done
scripts=$(CDPATH='' cd -P -- "$(dirname -- "$script")" && pwd -P) || exit 1
. "$scripts/setup.sh"
# With fewer Node.js itself ends with a stack trace before the head can say why.
descriptors=$(ulimit -n)
[ "$descriptors" = unlimited ] || [ "$descriptors" -ge 128 ] ||
  fail "this shell allows $descriptors file descriptors, and the head needs 128 at least; allow more with: ulimit -n 1024"
# A dead resolver keeps a thread of libuv for half a minute, and only half of them look names up.
export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-64}"
exec node "$root/dist/rollcall.js" start "$@"
