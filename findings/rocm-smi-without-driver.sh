#!/bin/sh
# rocm-smi 5.2.3 (Debian 12: rocm-smi 5.2.3-2, librocm-smi64-1 5.2.3-2) on a machine whose amdgpu module is not loaded.
# Expected of a tool with --json: an answer that says so, or an exit code other than 0.
# Seen: exit code 0 and not one byte on stdout, with --json and without; the reason stands on stderr alone, where a
# program that reads JSON does not look. "No answer" and "no GPU" are one unless stderr is read.
# Needs apt-get (Debian 12, amd64) and python3. Skips on a machine that has the driver.
set -eu
if [ -e /sys/module/amdgpu ]; then
  echo 'skipped: this machine has the amdgpu driver'
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq rocm-smi=5.2.3-2 librocm-smi64-1=5.2.3-2 2>/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib"
failed=0
for option in '' --json --showuse; do
  code=0
  # shellcheck disable=SC2086
  root/usr/bin/rocm-smi $option >out 2>err || code=$?
  bytes=$(wc -c <out)
  said=$(grep -c 'amdgpu not found' err || true)
  echo "rocm-smi $option: exit code $code, $bytes bytes on stdout, $said lines on stderr that name the driver"
  [ "$code" = 0 ] && [ "$bytes" = 0 ] && [ "$said" -ge 1 ] || failed=1
done
[ "$failed" = 0 ] && echo 'as described' || echo 'DIFFERENT from what is described above'
exit "$failed"
