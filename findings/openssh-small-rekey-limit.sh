#!/bin/sh
# OpenSSH 9.2p1 (Debian 12: openssh-server and openssh-client 1:9.2p1-2+deb12u10) with a small RekeyLimit, as hardening
# guides write it.
# Expected of `RekeyLimit 256K`: new keys after every 256 KiB, about a dozen exchanges for 3 MB.
# Seen: new keys after nearly every packet of data, close to a hundred exchanges for the same 3 MB, while 1M gives the
# few that the number says. Who counts key exchanges per connection must not take such a server for a flood, and a
# monitor that streams all day pays for each of them.
# Needs apt-get (Debian 12, amd64) and the libraries of openssh-server, which that package brings where it is installed.
set -eu
folder=$(mktemp -d)
trap 'kill "$(cat "$folder/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq openssh-server=1:9.2p1-2+deb12u10 openssh-client=1:9.2p1-2+deb12u10 2>/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
sshd="$folder/root/usr/sbin/sshd"
ssh="$folder/root/usr/bin/ssh"
root/usr/bin/ssh-keygen -q -t ed25519 -N '' -f host
root/usr/bin/ssh-keygen -q -t ed25519 -N '' -f user
[ "$(id -u)" != 0 ] || mkdir -p -m 755 /run/sshd
port=$((20000 + $$ % 20000))
exchanges() {
  printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $folder/host" "PidFile $folder/pid" \
    "AuthorizedKeysFile $folder/user.pub" 'StrictModes no' 'UsePAM no' "RekeyLimit $1" >config
  "$sshd" -f "$folder/config" -E "$folder/log"
  while [ ! -s pid ]; do sleep 0.1; done
  "$ssh" -v -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i user \
    -p "$port" 127.0.0.1 'head -c 3000000 /dev/zero' >out 2>err
  kill "$(cat pid)"
  while [ -e pid ]; do sleep 0.1; done
  port=$((port + 1))
  # Each exchange ends with new keys in both directions.
  grep -c 'SSH2_MSG_NEWKEYS received' err
}
small=$(exchanges 256K)
large=$(exchanges 1M)
echo "3,000,000 bytes: $small key exchanges with RekeyLimit 256K, $large with 1M ($("$ssh" -V 2>&1))"
if [ "$small" -gt 40 ] && [ "$large" -lt 10 ]; then
  echo 'as described'
else
  echo 'DIFFERENT from what is described above'
  exit 1
fi
