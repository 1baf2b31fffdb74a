#!/bin/sh
# Stops the head and every monitor that it started. Options: --state-dir DIR, --config FILE
set -u
script=$0
while [ -h "$script" ]; do
  target=$(readlink "$script") || exit 1
  case $target in /*) script=$target ;; *) script=$(dirname -- "$script")/$target ;; esac
done
scripts=$(CDPATH='' cd -P -- "$(dirname -- "$script")" && pwd -P) || exit 1
. "$scripts/setup.sh"
exec node "$root/dist/rollcall.js" stop "$@"
