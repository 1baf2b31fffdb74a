# shellcheck shell=bash
# Control groups of the fleet's nodes; part of fleet.sh. Every node has a group of its own in each hierarchy of
# the machine, and sees that group as the root of what it mounts: schedulers and containers need that.
# Where the machine's groups cannot be written there are none, and the tests that need them are skipped.

node_cgroups() {
  local folder
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo "/sys/fs/cgroup/$prefix-n$1"; return; fi
  for folder in /sys/fs/cgroup/*/; do
    [ -L "${folder%/}" ] || echo "$folder$prefix-n$1"
  done
}

# Moves this shell into the node's groups.
join_cgroups() {
  local folder
  for folder in $(node_cgroups "$1"); do
    mkdir -p "$folder" 2>/dev/null || continue
    # A new cpuset is empty, and takes no process until it has processors.
    if [ -e "$folder/cpuset.cpus" ] && [ -e "$folder/tasks" ]; then
      cat "$folder/../cpuset.cpus" > "$folder/cpuset.cpus"
      cat "$folder/../cpuset.mems" > "$folder/cpuset.mems"
    fi
    echo $$ > "$folder/cgroup.procs" 2>/dev/null || :
  done
}

# What a shell inside a node does first: cgroup namespaces only change what is seen, and tests may run where the
# machine's own groups are not mounted.
# shellcheck disable=SC2016,SC2034
enter_cgroups='for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do [ ! -e "$f" ] || echo $$ > "$f"; done 2> /dev/null; exec "$@"'

# A group can be removed once its last process is reaped.
remove_cgroups() {
  local folder i
  for folder in $(node_cgroups "$1"); do
    for i in $(seq 40); do
      [ -d "$folder" ] || break
      find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
      [ ! -d "$folder" ] || sleep 0.05
    done
  done
}

# Inside a node, whose root is $1.
mount_cgroups() {
  local own=$1/sys/fs/cgroup name
  [ -d /sys/fs/cgroup ] || return 0
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then mount -t cgroup2 cgroup2 "$own" || :; return 0; fi
  mount -t tmpfs -o mode=755 cgroup "$own"
  for name in /sys/fs/cgroup/*/; do
    name=$(basename "$name")
    [ ! -L "/sys/fs/cgroup/$name" ] || continue
    mkdir "$own/$name"
    case $name in
      unified) mount -t cgroup2 cgroup2 "$own/$name" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "$own/$name" ;;
      *) mount -t cgroup -o "$name" cgroup "$own/$name" ;;
    esac 2>/dev/null || rmdir "$own/$name"
  done
}
