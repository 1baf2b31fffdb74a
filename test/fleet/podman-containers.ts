import { existsSync } from 'node:fs';
import { shellQuote } from '../../src/lib/shell-quote.ts';
import { writeNodeFile } from './accounts.ts';
import type { Fleet } from './fleet.ts';

/** Real Podman on a node of the fleet, by root and by users, with images of one static program. */
export interface Podman {
  /** Starts a container that runs a shell's words (the shell becomes the last of them); gives its id. */
  run(user: string, name: string, script: string): Promise<string>;
  remove(user: string, name: string): Promise<void>;
}

export const podmanIsMissing: string | null =
  ['/usr/bin/podman', '/usr/sbin/runc', '/bin/busybox'].find((file) => !existsSync(file)) ?? null;

/**
 * The overlays of a node cannot hold another overlay's upper layer, crun refuses hybrid control groups, and
 * the node has no systemd to ask for a scope.
 */
const STORAGE =
  '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/run/containers/lib"\n';
const ENGINE =
  '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\nnetns = "none"\n' +
  '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\nevents_logger = "none"\n';
const IMAGE = 'box:1';

export async function createPodman(fleet: Fleet, node: number, users: readonly string[]): Promise<Podman> {
  writeNodeFile(node, '/etc/containers/storage.conf', STORAGE);
  writeNodeFile(node, '/etc/containers/containers.conf', ENGINE);
  const subordinate = users.map((user, at) => `${user}:${100_000 + at * 65_536}:65536`).join('\\n');
  await fleet.exec(
    node,
    `printf '${subordinate}\\n' | tee -a /etc/subuid >> /etc/subgid
    mkdir -p /run/image/bin; cp /bin/busybox /run/image/bin/; for p in sh sleep; do ln -sf busybox /run/image/bin/$p; done
    tar -C /run/image -cf /run/image.tar .; chmod 644 /run/image.tar`,
  );
  const as = (user: string, words: string) => {
    if (user === 'root')
      return fleet.exec(node, `cd /; ${words} 2> /run/podman.err || { cat /run/podman.err >&2; exit 1; }`);
    const script = `export HOME=/home/${user} XDG_RUNTIME_DIR=/tmp/run-${user}; mkdir -p -m700 $XDG_RUNTIME_DIR $HOME/.config/containers
      printf '[storage]\\ndriver = "vfs"\\n' > $HOME/.config/containers/storage.conf; cd /; ${words}`;
    return fleet.exec(
      node,
      `setpriv --reuid=${user} --regid=$(id -g ${user}) --clear-groups sh -c ${shellQuote(script)}`,
    );
  };
  for (const user of ['root', ...users]) await as(user, `podman import -q /run/image.tar ${IMAGE}`);
  return {
    run: async (user, name, script) =>
      (await as(user, `podman run -d --name ${name} ${IMAGE} /bin/sh -c ${shellQuote(script)}`)).trim(),
    remove: async (user, name) => void (await as(user, `podman rm -f -t 0 ${name}`)),
  };
}
