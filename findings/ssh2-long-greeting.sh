#!/bin/sh
# ssh2 1.17.0 (npm) as a client of OpenSSH's server with a long greeting before the login (Banner in sshd_config).
# Expected: whatever greeting OpenSSH's own client takes.
# Seen: one of 34,000 bytes is shown and the login goes on; one of 36,000 bytes ends the connection with
# "Bad packet length" before any login is tried, as if the server were broken, and the server's log says only that the
# client left. Packets above 35,000 bytes are refused (the size that every implementation must take; OpenSSH takes 256 KiB).
# `ssh` gets in through both. Needs sshd, ssh and ssh-keygen of OpenSSH (seen with 9.2p1 of Debian 12), npm and Node.js 20.
set -eu
sshd=$(command -v sshd || echo /usr/sbin/sshd)
[ -x "$sshd" ] || { echo 'sshd is missing: apt-get install openssh-server'; exit 1; }
folder=$(mktemp -d)
trap 'kill "$(cat "$folder/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
chmod 700 .
npm install --silent --ignore-scripts --no-audit --no-fund ssh2@1.17.0 >/dev/null
ssh-keygen -q -t ed25519 -N '' -f host
ssh-keygen -q -t ed25519 -N '' -f user
[ "$(id -u)" != 0 ] || mkdir -p -m 755 /run/sshd
cat >client.js <<'JS'
const { readFileSync } = require('node:fs');
const { Client } = require('ssh2');
const client = new Client();
let greeting = 0;
client.on('banner', (text) => { greeting = text.length; });
client.on('ready', () => { console.log(`logged in after a greeting of ${greeting} characters`); client.end(); });
client.on('error', (error) => { console.log(`failed: ${error.message}`); process.exit(0); });
client.connect({ host: '127.0.0.1', port: Number(process.argv[2]), username: process.argv[3], privateKey: readFileSync('user') });
JS
port=$((20000 + $$ % 20000))
failed=0
try() {
  yes 'Authorised use only. -----------------------------------------------' | head -c "$1" >greeting
  cat >config <<CONFIG
Port $port
ListenAddress 127.0.0.1
HostKey $folder/host
PidFile $folder/pid
AuthorizedKeysFile $folder/user.pub
StrictModes no
UsePAM no
Banner $folder/greeting
CONFIG
  "$sshd" -f "$folder/config" -E "$folder/log"
  while [ ! -s pid ]; do sleep 0.1; done
  lib=$(node client.js "$port" "$(id -un)")
  openssh=$(ssh -q -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i user -p "$port" 127.0.0.1 echo in 2>/dev/null || echo refused)
  kill "$(cat pid)"
  while [ -e pid ]; do sleep 0.1; done
  port=$((port + 1))
  echo "greeting of $1 bytes: ssh2: $lib; ssh: $openssh"
  case $lib in "$2"*) ;; *) failed=1 ;; esac
  [ "$openssh" = in ] || failed=1
}
try 34000 'logged in'
try 36000 'failed: Bad packet length'
[ "$failed" = 0 ] && echo 'as described' || echo 'DIFFERENT from what is described above'
exit "$failed"
