import type { System } from '../system.ts';

const NAME = 'libnvidia-ml.so.1';

/** Where distributions, containers, NixOS and WSL keep it, for nodes without a cache of the loader. */
const FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/lib64/nvidia',
  '/usr/local/nvidia/lib64',
  '/run/opengl-driver/lib',
  '/usr/lib/wsl/lib',
];

/** The loader's cache is a binary file in which paths stand as they are. */
const CACHED = /\/[\x21-\x7e]*\/libnvidia-ml\.so\.1(?=\0)/g;

/** The library that a program of this user would get; null where there is none. */
export function findNvmlLibrary(system: System): string | null {
  const own = (system.environment.LD_LIBRARY_PATH ?? '')
    .split(':')
    .filter((folder) => folder.startsWith('/'));
  const cached = system.tryReadText('/etc/ld.so.cache')?.match(CACHED) ?? [];
  const places = [
    ...own.map((folder) => `${folder}/${NAME}`),
    ...cached.filter((path) => !path.includes('/i386-linux-gnu/') && !path.startsWith('/usr/lib32/')),
    ...FOLDERS.map((folder) => `${folder}/${NAME}`),
  ];
  return places.find((path) => system.exists(path)) ?? null;
}
