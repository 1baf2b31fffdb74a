import { brotliDecompressSync } from 'node:zlib';
import type { System } from '../system.ts';
import { namelessFolders, openNameless } from './nameless-file.ts';

/**
 * The helper's kit as the head ships it: brotli over four bytes with the program's length, the program (CommonJS that
 * exports `runHelper`) and koffi's addon, most of which is blank (scripts/slim-addon.mjs).
 */
export type HelperKit = Buffer;

/**
 * The kit in a file without a name, ready to be used: the addon, and the program behind it. Every helper inherits it, so
 * that none has to unpack anything, and no process keeps it in its memory.
 */
export interface KitFile {
  descriptor: number;
  programAt: number;
  programBytes: number;
}

type Files = Pick<System, 'files'>;

/** More than unpacks. In one piece, because many small ones would leave holes in the monitor's memory. */
const MAX_CONTENT_BYTES = 4 * 1024 * 1024;
const PAGE_BYTES = 4096;
const blankPage = Buffer.alloc(PAGE_BYTES);

/** Throws with the reason of every folder where it was tried, or where the kit is damaged. */
export function placeKit(system: Files & Pick<System, 'environment'>, kit: HelperKit): KitFile {
  const content = brotliDecompressSync(kit, { chunkSize: MAX_CONTENT_BYTES });
  const programBytes = content.readUInt32LE(0);
  const program = content.subarray(4, 4 + programBytes);
  const addon = content.subarray(4 + programBytes);
  const reasons: string[] = [];
  for (const folder of namelessFolders(system.environment)) {
    try {
      return write(system, openNameless(system, folder), addon, program);
    } catch (error) {
      reasons.push(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(reasons.join('; '));
}

function write({ files }: Files, descriptor: number, addon: Buffer, program: Buffer): KitFile {
  try {
    for (let at = 0; at < addon.length; at += PAGE_BYTES) {
      const page = addon.subarray(at, at + PAGE_BYTES);
      // A hole reads as blank and takes no room.
      if (blankPage.compare(page) !== 0) writeAll(files, descriptor, page, at);
    }
    writeAll(files, descriptor, program, addon.length);
    return { descriptor, programAt: addon.length, programBytes: program.length };
  } catch (error) {
    files.closeSync(descriptor);
    throw error;
  }
}

function writeAll(files: System['files'], descriptor: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length; )
    at += files.writeSync(descriptor, bytes, at, bytes.length - at, position + at);
}
