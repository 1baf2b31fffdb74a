# Sets up what is missing: packages and the build. Sourced by the other scripts, which say in $scripts where they
# really are, whatever link they were called through; sets $root.
# After `npm ci && npm run build` it finds everything in place and installs nothing.
root=$(CDPATH='' cd -P -- "$scripts/.." && pwd -P) || exit 1

fail() {
  printf 'rollcall: %s\n' "$*" >&2
  exit 1
}

check_node() {
  command -v node >/dev/null 2>&1 || fail 'Node.js is missing; install version 20 or later (on Debian: apt-get install nodejs npm)'
  major=$(node -p 'process.versions.node.split(".")[0]') || fail 'node does not run'
  [ "$major" -ge 20 ] || fail "Node.js 20 or later is needed on this machine; found $(node -v)"
}

packages_are_there() {
  [ -f "$root/node_modules/.package-lock.json" ] && [ ! "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]
}

# A checkout for development keeps the packages that tests need.
install() {
  if [ -d "$root/node_modules/typescript" ]; then kept=; else kept=--omit=dev; fi
  npm ci $kept --no-audit --no-fund --loglevel=error
}

build_is_there() {
  for made in rollcall.js fleet-worker.js monitor.cjs build-id; do [ -f "$root/dist/$made" ] || return 1; done
  [ -d "$root/dist/chunks" ] || return 1
  [ -z "$(find "$root/src" "$root/build.mjs" "$root/package-lock.json" -newer "$root/dist/build-id" -type f 2>/dev/null | head -n 1)" ]
}

# npm and the build end by the same signal; what they left half done is made again the next time.
stopped() {
  trap - INT TERM
  printf '\nrollcall: stopped while setting up; nothing was started. The next start goes on from here.\n' >&2
  exit 130
}

set_up() {
  trap stopped INT TERM
  cd "$root" || exit 1
  if ! packages_are_there; then
    echo 'Installing packages (once) …'
    install || fail 'npm ci failed; see above'
  fi
  if ! build_is_there; then
    echo 'Building …'
    npm run --silent build || fail 'the build failed; see above'
  fi
  cd - >/dev/null || exit 1
  trap - INT TERM
}

check_node
if ! { packages_are_there && build_is_there; }; then
  # Two starts at once must not install into one folder; the lock goes with the process that holds it.
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$root/.setup.lock" && flock 9
    set_up
    exec 9>&-
  else
    set_up
  fi
fi
