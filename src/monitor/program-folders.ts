/** Where programs are that a login without a terminal may not have on its PATH. */
const USUAL_FOLDERS = [
  '/usr/bin',
  '/usr/local/bin',
  '/bin',
  '/usr/local/nvidia/bin',
  '/opt/bin',
  // Slurm as its makers install it.
  '/opt/slurm/bin',
  '/usr/local/slurm/bin',
  '/usr/lib/wsl/lib',
  // Where the tools of other vendors' GPUs are put: ROCm, Hygon's two stacks, Ascend's driver.
  '/opt/rocm/bin',
  '/opt/hyhal/bin',
  '/opt/dtk/bin',
  '/usr/local/sbin',
  '/usr/local/Ascend/driver/tools',
];

/** All folders in which a node's programs are looked for, in their order: those of its PATH come first. */
export function programFolders(path: string): string[] {
  const fromPath = path.split(':').filter((folder) => folder.startsWith('/'));
  return [...fromPath, ...USUAL_FOLDERS];
}
