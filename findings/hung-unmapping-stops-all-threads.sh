#!/bin/sh
# Node.js with a call of a C library in a thread of its own (koffi's .async) that hangs within the kernel.
# Expected, where only that thread is meant to wait: the main thread goes on.
# Seen (Linux 6.18, Node.js 20.20): it does for a call that merely waits; but while one hangs in munmap, on a file system
# whose server is stopped, the main thread stops with its next mmap, which is one larger buffer away, until the call comes
# back; and nobody can read /proc/PID/cmdline. A driver that hangs in its mmap, munmap or page faults does the same: such
# calls hold the process's memory map, which all its threads share. That is why NVML is called in another process.
# Needs bindfs and fuse (apt-get install bindfs), and koffi's addon: run it in the project's folder after npm install.
set -eu
command -v bindfs >/dev/null || { echo 'bindfs is missing: apt-get install bindfs'; exit 1; }
addon=$(echo "$PWD"/node_modules/@koromix/koffi-linux-*/linux_*/koffi.node)
folder=$(mktemp -d)
mkdir "$folder/source" "$folder/mount"
bindfs -f "$folder/source" "$folder/mount" &
server=$!
trap 'kill -CONT $server; kill $server; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
until grep -q "$folder/mount" /proc/mounts; do sleep 0.1; done
cat >"$folder/call.cjs" <<'JS'
const fs = require('node:fs');
const [addon, path, server, kind] = process.argv.slice(2);
const libc = require(addon).load('libc.so.6');
const map = libc.func('mmap', 'uint64_t', ['uint64_t', 'uint64_t', 'int', 'int', 'int', 'int64_t']);
const fill = libc.func('memset', 'uint64_t', ['uint64_t', 'int', 'uint64_t']);
const BYTES = 1 << 20;
fs.writeFileSync(path, Buffer.alloc(BYTES));
const address = map(0, BYTES, 3, 1, fs.openSync(path, 'r+'), 0);
fill(address, 65, BYTES);
process.kill(Number(server), 'SIGSTOP');
const startedMs = Date.now();
let lastMs = startedMs;
let longestMs = 0;
const timer = setInterval(() => {
  longestMs = Math.max(longestMs, Date.now() - lastMs);
  lastMs = Date.now();
  Buffer.alloc(300_000, 1);
}, 50);
const done = () => {
  const tookMs = Date.now() - startedMs;
  setTimeout(() => {
    clearInterval(timer);
    console.log(`${kind}: the call took ${tookMs} ms, the main thread was stopped for ${longestMs} ms`);
    process.exitCode = longestMs > 1_000 === (kind === 'munmap') ? 0 : 1;
  }, 200);
};
if (kind === 'munmap') libc.func('munmap', 'int', ['uint64_t', 'uint64_t']).async(address, BYTES, done);
else libc.func('usleep', 'int', ['uint32_t']).async(3_000_000, done);
JS
for kind in wait munmap; do
  node "$folder/call.cjs" "$addon" "$folder/mount/file" $server $kind &
  sleep 3
  kill -CONT $server
  wait $!
done
