#!/bin/sh
# OpenSSH 9.2p1 (Debian 12: openssh-client 1:9.2p1-2+deb12u10) with HOME set to another folder than the account's own, as
# in cron jobs, containers, `sudo -E` and test beds.
# Expected: ssh is known to ignore HOME and to ask the password database, so that `~` of every setting, and a relative
# Include, lead to the account's home.
# Seen: `~` of a ControlPath does, and so does the default configuration file; an Include with `~`, and a relative one, are
# looked for below HOME, because they go through glob(3). One file may so be read from the one home and lead to
# files of the other. Who watches the files that an answer of `ssh -G` rests on has to follow both.
# Needs apt-get (Debian 12, amd64) and the libraries of openssh-client.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq openssh-client=1:9.2p1-2+deb12u10 2>/dev/null
dpkg -x ./*.deb root
ssh="$folder/root/usr/bin/ssh"
mkdir -p home/.ssh
printf 'Host tilde\n  Port 4711\n' >home/tilde
printf 'Host relative\n  Port 4712\n' >home/.ssh/relative
printf 'Host *\n  Port 4713\n' >home/.ssh/config
printf 'Include ~/tilde\nInclude relative\nHost *\n  ControlPath ~/socket\n' >config
account=$(getent passwd "$(id -u)" | cut -d: -f6)
port() { HOME="$folder/home" "$ssh" -T -G "$@" | sed -n 's/^port //p'; }
tilde=$(port -F config tilde)
relative=$(port -F config relative)
default=$(port anything)
socket=$(HOME="$folder/home" "$ssh" -F config -O check anything 2>&1 | sed -n 's/^Control socket connect(\(.*\)): .*/\1/p')
echo "Include ~/tilde: port $tilde; Include relative: port $relative; default file: port $default"
echo "ControlPath ~/socket: $socket, the account's home being $account ($("$ssh" -V 2>&1))"
if [ "$tilde $relative" = '4711 4712' ] && [ "$default" != 4713 ] && [ "$socket" = "$account/socket" ]; then
  echo 'as described'
else
  echo 'DIFFERENT from what is described above'
  exit 1
fi
