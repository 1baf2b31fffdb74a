import type { NodeWarning } from '../../protocol/events.ts';
import type { System } from '../system.ts';

/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  …` or `… Open Kernel Module for x86_64  565.57.01 …`. */
export function parseModuleVersion(text: string): string | null {
  return /Kernel Module\s+(?:for \S+\s+)?(\d+\.\d+(?:\.\d+)*)/.exec(text)?.[1] ?? null;
}

/** The version of the kernel module that runs; null where none is loaded. */
export function readModuleVersion(system: System): string | null {
  const told = parseModuleVersion(system.tryReadText('/proc/driver/nvidia/version') ?? '');
  return told ?? system.tryReadText('/sys/module/nvidia/version')?.trim() ?? null;
}

/** The version in the name of the library's file, to which `libnvidia-ml.so.1` is a link. */
export function readLibraryVersion(system: System, libraryPath: string): string | null {
  return /\.so\.(\d+\.\d+(?:\.\d+)*)$/.exec(system.realPath(libraryPath) ?? '')?.[1] ?? null;
}

/**
 * A package upgrade replaces the library at once and the module only with the next boot: what is started in between
 * fails. Known before anything fails, because what runs keeps its old library.
 */
export function warnOfMismatch(module: string | null, library: string | null): NodeWarning[] {
  if (module === null || library === null || module === library) return [];
  return [
    {
      code: 'driver-mismatch',
      message:
        `The loaded NVIDIA kernel module is version ${module}, the library on disk ${library}: ` +
        'GPU programs that start from now on fail until the node is rebooted or the module is loaded anew.',
    },
  ];
}
