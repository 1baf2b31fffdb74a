#!/bin/bash
# A fleet of real OpenSSH servers on one Linux machine, for the tests. Needs root.
#
#   fleet.sh up N           start nodes n1..nN and the head's namespace
#   fleet.sh down           stop everything and remove every trace
#   fleet.sh head CMD...    run CMD where the head sits
#   fleet.sh exec I CMD...  run CMD as root inside node I, without ssh
#   fleet.sh pids I         the machine's pids of the node's processes
# faults, undone by `fleet.sh heal I`:
#   cut I                   unplug the link: nothing arrives any more, no RST, no FIN
#   drop I                  a firewall that swallows the node's packets
#   hang I                  SIGSTOP every process of the node: connects, never answers
#   kill I                  SIGKILL its sshd processes: connection refused
#   slow I RATE             such as 64kbit, both ways
#   lossy I PERCENT         loses so many packets, at random
#   hang-mount I            mounts a network file system on /mnt/hung whose server never answers
#   freeze-disk I           mounts a disk on /mnt/frozen that is frozen, for 60 s at most: who writes waits in state D
#   tmp-read-only I, tmp-full I
#
# FLEET_STATE  folder of keys, ssh_config and known_hosts; made by `up`, removed by `down`
# FLEET_PREFIX names of the namespaces; two fleets with two prefixes can run side by side
# FLEET_OWNER  pid of the test runner: when it is gone, the fleet is taken down
# FLEET_BARE   the node that has no Node.js, Python or curl
#
# No interface, address or route is ever made in the machine's own network namespace: the switch
# sits in PREFIX-switch, the head in PREFIX-head (10.78.0.1), the nodes at 10.78.0.11 and on. There
# is no default route, so nothing can leave the machine, not even over a cut link.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
prefix=${FLEET_PREFIX:-rollcall}
state=${FLEET_STATE:?the folder of the fleet}
net=10.78.0
# It goes into the background first, listens then, and writes its pid last.
start_sshd='rm -f /run/sshd.pid; /usr/sbin/sshd -E /run/sshd.log
  for at in $(seq 600); do [ ! -s /run/sshd.pid ] || break; sleep 0.1; done'
self=$(readlink -f "$0")
# shellcheck source=test/fleet/cgroups.sh
. "$(dirname "$self")/cgroups.sh"

die() { echo "fleet: $*" >&2; exit 1; }
node_ids() { ls -d "$state"/n[0-9]* 2>/dev/null | sed 's/.*n//' | sort -n || :; }
init_pid() { cat "$state/n$1/init.pid" 2>/dev/null || :; }

pids() {
  local space p
  space=$(readlink "/proc/$(init_pid "$1")/ns/pid") || return 0
  for p in /proc/[0-9]*; do
    [ "$(readlink "$p/ns/pid" 2>/dev/null)" != "$space" ] || echo "${p#/proc/}"
  done
}

# ---- inside a node ---------------------------------------------------------
# The node's system is the machine's own under overlays; /tmp, /run, /home, /root, /dev are its own.
# Several accounts may take a runtime of 95 MiB at the same time: the disk has room for all of them.
mount_root() {
  local disk=$state/n$1/mnt dir
  mount --make-rprivate /
  mount -t tmpfs -o mode=755,size=1g "disk-$1" "$disk"
  root=$disk/root
  mkdir "$disk/upper" "$disk/work" "$root"
  mount --bind "$root" "$root"
  for dir in /*; do
    dir=${dir#/}
    if [ -L "/$dir" ]; then cp -P "/$dir" "$root/$dir"; continue; fi
    case $dir in
      usr | etc | var | opt | bin | sbin | lib*)
        mkdir "$disk/upper/$dir" "$disk/work/$dir" "$root/$dir"
        mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$disk/upper/$dir,workdir=$disk/work/$dir" "$root/$dir" ;;
    esac
  done
  mkdir -p "$root"/{proc,sys,dev,tmp,run,root,home}
  chmod 700 "$root/root"
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount_cgroups "$root"
  mount -t tmpfs -o mode=1777,size=16m "tmp-$1" "$root/tmp"
  mount -t tmpfs -o mode=755,size=16m run "$root/run"
  mkdir -m755 "$root/run/sshd"
  mount_dev
}

mount_dev() {
  local dev=$root/dev name
  mount -t tmpfs -o mode=755 dev "$dev"
  mkdir "$dev/pts"
  mkdir -m1777 "$dev/shm"
  for name in null zero full random urandom tty; do
    : > "$dev/$name"
    mount --bind "/dev/$name" "$dev/$name"
  done
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$dev/pts"
  ln -s pts/ptmx "$dev/ptmx"
  ln -s /proc/self/fd "$dev/fd"
  ln -s fd/0 "$dev/stdin"; ln -s fd/1 "$dev/stdout"; ln -s fd/2 "$dev/stderr"
}

configure_node() {
  local etc=$root/etc type
  hostname "n$1"
  echo "n$1" > "$etc/hostname"
  printf '127.0.0.1 localhost\n%s.%d n%d\n' "$net" $((10 + $1)) "$1" > "$etc/hosts"
  : > "$etc/resolv.conf"
  rm -f "$etc"/ssh/ssh_host_* "$etc"/cron*/* 2>/dev/null || :
  for type in ed25519 rsa ecdsa; do
    install -m600 "$state/keys/n$1-$type" "$etc/ssh/ssh_host_${type}_key"
    install -m644 "$state/keys/n$1-$type.pub" "$etc/ssh/ssh_host_${type}_key.pub"
  done
  install -m644 "$state/keys/id.pub" "$etc/ssh/fleet_keys"
  install -m644 "$state/sshd_config" "$etc/ssh/sshd_config"
  # A forwarded resolver, locked root or shell list of the machine must not decide a test.
  sed -i 's/^root:[^:]*:/root:*:/' "$etc/shadow"
  hide_gpu_tools
  [ "$1" != "${FLEET_BARE:-}" ] || find "$root/usr/bin" "$root/usr/local/bin" "$root/opt" -xdev \
    \( -name 'node*' -o -name 'npm' -o -name 'npx' -o -name 'python*' -o -name 'curl' -o -name 'wget' -o -name 'bun' -o -name 'deno' \) \
    ! -type d -delete
}

# A node has the GPU tools that a test puts there, whatever the machine itself has.
hide_gpu_tools() {
  local folder tool
  for folder in usr/bin usr/sbin usr/local/bin usr/local/sbin usr/local/nvidia/bin opt/bin opt/rocm/bin opt/hyhal/bin \
    opt/dtk/bin usr/lib/wsl/lib usr/local/Ascend/driver/tools; do
    for tool in nvidia-smi amd-smi rocm-smi xpu-smi hl-smi npu-smi hy-smi tegrastats intel_gpu_top; do
      [ ! -e "$root/$folder/$tool" ] && [ ! -L "$root/$folder/$tool" ] || rm -f "$root/$folder/$tool"
    done
  done
  rm -f "$root"/usr/lib/*-linux-gnu/libnvidia-ml.so* "$root"/usr/lib64/libnvidia-ml.so*
}

add_users() {
  local line name shell home uid=2001
  for line in ops:/bin/bash dash:/bin/dash zsh:/usr/bin/zsh fish:/usr/bin/fish tcsh:/bin/tcsh \
    rbash:/bin/rbash noisy:/bin/bash homeless:/bin/bash nologin:/usr/sbin/nologin forced:/bin/bash; do
    name=${line%%:*} shell=${line#*:} home=/home/$name
    [ -x "$root$shell" ] || [ -L "$root$shell" ] || continue
    echo "$name:x:$uid:$uid::$home:$shell" >> "$root/etc/passwd"
    echo "$name:x:$uid:" >> "$root/etc/group"
    echo "$name:*:19000:0:99999:7:::" >> "$root/etc/shadow"
    if [ "$name" != homeless ]; then
      mkdir -m700 "$root$home"
      [ "$name" != noisy ] || printf 'echo "Welcome to $(hostname)!"\necho "quota: 80%% used" >&2\n' > "$root$home/.bashrc"
      chown -R "$uid:$uid" "$root$home"
    fi
    uid=$((uid + 1))
  done
}

# Runs as process 1 of the node.
node_init() {
  mount_root "$1"
  configure_node "$1"
  add_users
  cd "$root"
  mkdir .old
  pivot_root . .old
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  umount -l /.old
  rmdir /.old
  sh -c "$start_sshd"
  : > /run/ready
  while :; do sleep 86400 & wait $! || :; done
}

# ---- from outside ----------------------------------------------------------
boot() {
  mkdir -p "$state/n$1/mnt"
  setsid nsenter --net="/run/netns/$prefix-n$1" env -i PATH="$PATH" HOME=/root \
    FLEET_PREFIX="$prefix" FLEET_STATE="$state" FLEET_BARE="${FLEET_BARE:-}" \
    bash "$self" _boot "$1" \
    > "$state/n$1/boot.log" 2>&1 < /dev/null &
  echo $! > "$state/n$1/unshare.pid"
  disown
}

boot_in_cgroups() {
  join_cgroups "$1"
  exec unshare --mount --uts --ipc --pid --cgroup --fork --kill-child bash "$self" _init "$1"
}

await_boot() {
  local parent p i
  parent=$(cat "$state/n$1/unshare.pid")
  for i in $(seq 600); do
    p=$(tr -d ' ' < "/proc/$parent/task/$parent/children" 2>/dev/null) || break
    if [ -n "$p" ] && [ -e "/proc/$p/root/run/ready" ]; then echo "$p" > "$state/n$1/init.pid"; return 0; fi
    sleep 0.05
  done
  cat "$state/n$1/boot.log" >&2
  die "node $1 did not start"
}

plug_in() {
  ip netns add "$prefix-n$1"
  ip -n "$prefix-switch" link add "v$1" type veth peer name eth0 netns "$prefix-n$1"
  ip -n "$prefix-switch" link set "v$1" master br0 up
  ip -n "$prefix-n$1" link set lo up
  ip -n "$prefix-n$1" addr add "$net.$((10 + $1))/24" dev eth0
  ip -n "$prefix-n$1" link set eth0 up
}

plug_in_head() {
  ip netns add "$prefix-switch"
  ip netns add "$prefix-head"
  ip -n "$prefix-switch" link add br0 type bridge forward_delay 0 stp_state 0
  ip -n "$prefix-switch" link set br0 up
  ip -n "$prefix-switch" link add head type veth peer name eth0 netns "$prefix-head"
  ip -n "$prefix-switch" link set head master br0 up
  ip -n "$prefix-head" link set lo up
  ip -n "$prefix-head" addr add "$net.1/24" dev eth0
  ip -n "$prefix-head" link set eth0 up
}

write_sshd_config() {
  cat > "$state/sshd_config" <<-C
	Port 22
	HostKey /etc/ssh/ssh_host_ed25519_key
	HostKey /etc/ssh/ssh_host_rsa_key
	HostKey /etc/ssh/ssh_host_ecdsa_key
	AuthorizedKeysFile /etc/ssh/fleet_keys .ssh/authorized_keys
	PermitRootLogin prohibit-password
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	UsePAM no
	PrintMotd no
	UseDNS no
	MaxStartups 100
	Subsystem sftp internal-sftp
	Match User forced
	  ForceCommand /bin/echo this account only says hello
	C
}

write_client_files() {
  local i type
  { for i in $(seq "$1"); do printf 'Host n%d\n  HostName %s.%d\n' "$i" "$net" $((10 + i)); done
    printf 'Host n*\n  User ops\n  IdentityFile %s/keys/id\n  IdentitiesOnly yes\n' "$state"
    printf '  UserKnownHostsFile %s/known_hosts\n  GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n' "$state"
  } > "$state/ssh_config"
  for i in $(seq "$1"); do
    for type in ed25519 rsa ecdsa; do
      echo "$net.$((10 + i)) $(cut -d' ' -f1,2 "$state/keys/n$i-$type.pub")"
    done
  done > "$state/known_hosts"
}

make_keys() {
  local i
  mkdir -m700 "$state/keys"
  ssh-keygen -q -t ed25519 -N '' -C fleet -f "$state/keys/id"
  # 1,024 bits would be refused; one rsa key for all nodes, since each takes a second to make.
  ssh-keygen -q -t rsa -b 2048 -N '' -C fleet-host -f "$state/keys/rsa"
  for i in $(seq "$1"); do
    ssh-keygen -q -t ed25519 -N '' -C "n$i" -f "$state/keys/n$i-ed25519"
    ssh-keygen -q -t ecdsa -N '' -C "n$i" -f "$state/keys/n$i-ecdsa"
    cp "$state/keys/rsa" "$state/keys/n$i-rsa"
    cp "$state/keys/rsa.pub" "$state/keys/n$i-rsa.pub"
  done
}

# A runner that was killed leaves no fleet behind.
watch_owner() {
  [ -n "${FLEET_OWNER:-}" ] || return 0
  # shellcheck disable=SC2016
  setsid bash -c 'while kill -0 "$1" 2>/dev/null && [ -e "$2" ]; do sleep 1; done; [ ! -e "$2" ] || exec bash "$0" down' \
    "$self" "$FLEET_OWNER" "/run/netns/$prefix-switch" > /dev/null 2>&1 < /dev/null &
  echo $! > "$state/watcher.pid"
  disown
}

up() {
  local i program
  [ "$(id -u)" = 0 ] || die 'needs root'
  for program in ip nft unshare nsenter pivot_root ssh-keygen /usr/sbin/sshd; do
    command -v "$program" > /dev/null || die "$program is missing"
  done
  [ ! -e "/run/netns/$prefix-switch" ] || die "a fleet $prefix is already up"
  [ ! -e "$state" ] || [ -z "$(ls -A "$state")" ] || die "$state is not empty"
  mkdir -p -m700 "$state"
  : > "$state/.fleet"
  trap down EXIT
  make_keys "$1"
  write_sshd_config
  write_client_files "$1"
  plug_in_head
  for i in $(seq "$1"); do plug_in "$i"; boot "$i"; done
  for i in $(seq "$1"); do await_boot "$i"; done
  watch_owner
  trap - EXIT
}

stop_namespace() {
  local i p
  for p in $(ip netns pids "$1"); do kill -TERM "$p" 2>/dev/null; done
  for i in $(seq 20); do [ -n "$(ip netns pids "$1")" ] || break; sleep 0.1; done
  for p in $(ip netns pids "$1"); do kill -KILL "$p" 2>/dev/null; done
  ip netns del "$1"
}

down() {
  local i p
  trap - EXIT
  set +e
  p=$(cat "$state/watcher.pid" 2>/dev/null)
  # The watcher may be the very process that runs this.
  [ -z "$p" ] || [ "$p" = $$ ] || ! grep -qs "$self" "/proc/$p/cmdline" || kill "$p"
  for i in $(node_ids); do
    [ ! -e "$state/n$i/freezer.pid" ] || (thaw_disk "$i")
    p=$(init_pid "$i")
    [ -z "$p" ] || ! grep -qs _init "/proc/$p/cmdline" || kill -KILL "$p"
    p=$(cat "$state/n$i/unshare.pid")
    [ "$(basename "$(readlink "/proc/$p/exe")")" != unshare ] || kill -KILL "$p"
  done 2>/dev/null
  for i in $(node_ids); do remove_cgroups "$i"; done
  for i in $(ip netns list | awk -v p="$prefix-" 'index($1, p) == 1 { print $1 }'); do stop_namespace "$i"; done
  [ -n "$(ls -A /run/netns 2>/dev/null)" ] || { umount /run/netns; rmdir /run/netns; } 2>/dev/null
  [ ! -f "$state/.fleet" ] || rm -rf "$state"
  return 0
}

inside() {
  local p
  p=$(init_pid "$1")
  shift
  exec nsenter -t "$p" -m -u -i -n -p -C -r -w -- sh -c "$enter_cgroups" sh "$@"
}

sshd_pids() {
  local p
  for p in $(pids "$1"); do
    case $(tr '\0' ' ' < "/proc/$p/cmdline" 2>/dev/null) in sshd* | */sshd*) echo "$p" ;; esac
  done
}

signal_all() { local p; for p in $(pids "$2"); do kill "-$1" "$p" 2>/dev/null || :; done; }

drop_packets() {
  ip netns exec "$prefix-switch" nft -f - <<-C
	table bridge drop$1 {
	  chain swallow {
	    type filter hook forward priority 0;
	    iifname "v$1" ether type { ip, ip6 } drop
	    oifname "v$1" ether type { ip, ip6 } drop
	  }
	}
	C
}

# A node that is slow has full queues: short ones, so that what waits is told from what is lost.
slow_down() {
  local shape="root tbf rate $2 burst 4kb latency 1s"
  # shellcheck disable=SC2086
  ip netns exec "$prefix-switch" tc qdisc replace dev "v$1" $shape
  # shellcheck disable=SC2086
  ip netns exec "$prefix-n$1" tc qdisc replace dev eth0 $shape
}

lose_packets() {
  ip netns exec "$prefix-switch" nft -f - <<-C
	table bridge lossy$1 {
	  chain lose {
	    type filter hook forward priority 0;
	    iifname "v$1" ether type ip numgen random mod 100 < $2 drop
	    oifname "v$1" ether type ip numgen random mod 100 < $2 drop
	  }
	}
	C
}

# FUSE without a server: whoever asks the mount waits for an answer that never comes.
hang_mount() {
  inside "$1" sh -c '[ -e /dev/fuse ] || { mknod /dev/fuse c 10 229; chmod 666 /dev/fuse; }; mkdir -p /mnt/hung
    exec 9<> /dev/fuse
    # Not by the helper of the package fuse, which would start a program called so.
    mount -i -t fuse.hung -o fd=9,rootmode=40000,user_id=0,group_id=0,allow_other far:/hung /mnt/hung || exit 1
    sleep 3600 > /dev/null 2>&1 < /dev/null & echo $! > /run/hang-mount.pid'
}

# No signal ends a process that waits for a frozen disk, so whatever becomes of the node, it is thawed from outside.
freeze_disk() {
  "$self" exec "$1" sh -c 'mkdir -p /mnt/frozen; cd /run
    [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
    for i in 0 1 2 3 4 5 6 7; do [ -e /dev/loop$i ] || mknod /dev/loop$i b 7 $i; done
    truncate -s 8M /run/disk.img; mkfs.ext4 -q /run/disk.img; mount -o loop /run/disk.img /mnt/frozen; chmod 777 /mnt/frozen'
  # shellcheck disable=SC2016
  setsid bash -c 'exec 9< "$1"; fsfreeze -f /proc/self/fd/9; trap "kill \$!; fsfreeze -u /proc/self/fd/9; exit" TERM; : > "$2"
    sleep 60 9<&- & wait $!; fsfreeze -u /proc/self/fd/9' freezer "/proc/$(init_pid "$1")/root/mnt/frozen" "$state/n$1/frozen" \
    > "$state/freezer.log" 2>&1 < /dev/null &
  echo $! > "$state/n$1/freezer.pid"
  disown
  local i
  for i in $(seq 100); do [ ! -e "$state/n$1/frozen" ] || return 0; sleep 0.05; done
  die "the disk of node $1 is not frozen"
}

thaw_disk() {
  local p
  p=$(cat "$state/n$1/freezer.pid" 2>/dev/null) || return 0
  kill -TERM "$p" 2>/dev/null || :
  while [ -e "/proc/$p" ]; do sleep 0.05; done
  rm -f "$state/n$1/freezer.pid" "$state/n$1/frozen"
  "$self" exec "$1" sh -c 'umount -l /mnt/frozen; rm -f /run/disk.img'
}

heal() {
  (thaw_disk "$1")
  ip netns exec "$prefix-switch" nft delete table bridge "lossy$1" 2>/dev/null || :
  ip netns exec "$prefix-switch" tc qdisc del dev "v$1" root 2>/dev/null || :
  ip netns exec "$prefix-n$1" tc qdisc del dev eth0 root 2>/dev/null || :
  ip netns exec "$prefix-switch" nft delete table bridge "drop$1" 2>/dev/null || :
  ip -n "$prefix-switch" link set "v$1" up
  signal_all CONT "$1"
  ip -n "$prefix-head" neigh flush dev eth0
  "$self" exec "$1" sh -c 'mount -o remount,rw /tmp; rm -f /tmp/filler
    [ ! -e /run/hang-mount.pid ] || { kill -9 "$(cat /run/hang-mount.pid)"; umount -l /mnt/hung; rm /run/hang-mount.pid; }
    pgrep -f "[s]shd: /usr/sbin/sshd -E /run/sshd.log" > /dev/null || { '"$start_sshd"'; }'
}

case ${1:-} in
  up) up "${2:?how many}" ;;
  down) down ;;
  head) shift; exec ip netns exec "$prefix-head" "$@" ;;
  exec) shift; inside "$@" ;;
  pids) pids "$2" ;;
  cut) ip -n "$prefix-switch" link set "v$2" down ;;
  drop) drop_packets "$2" ;;
  hang) signal_all STOP "$2"; signal_all STOP "$2" ;;
  kill) for p in $(sshd_pids "$2"); do kill -KILL "$p" 2>/dev/null || :; done ;;
  slow) slow_down "$2" "$3" ;;
  lossy) lose_packets "$2" "$3" ;;
  hang-mount) hang_mount "$2" ;;
  freeze-disk) freeze_disk "$2" ;;
  tmp-read-only) inside "$2" mount -o remount,ro /tmp ;;
  tmp-full) inside "$2" sh -c 'dd if=/dev/zero of=/tmp/filler bs=4k 2>/dev/null || :' ;;
  heal) heal "$2" ;;
  _boot) boot_in_cgroups "$2" ;;
  _init) node_init "$2" ;;
  *) sed -n '2,/^set -e/p' "$self" | grep '^#'; exit 2 ;;
esac
