import { z } from 'zod';
import { MAX_ARGUMENTS_LENGTH, MAX_GPUS, MAX_PROCESS_FACTS } from './constants.ts';
import { bytes, count, text, watts } from './figures.ts';

/** What stays the same about one GPU. `index` is the one that the vendor's tool uses. */
export const gpuFactsSchema = z.object({
  index: z.number().int().min(0).max(4095),
  uuid: text(100).nullable().default(null),
  name: text(200).nullable().default(null),
  vendor: text(40),
  pciAddress: text(40).nullable().default(null),
  memoryTotalBytes: bytes('gpus', 'memoryTotalBytes'),
  powerLimitWatts: watts('gpus', 'powerLimitWatts'),
  driverVersion: text(100).nullable().default(null),
});
export type GpuFacts = z.infer<typeof gpuFactsSchema>;

/** What stays the same about one process; `startTimeMs` is epoch time by the node's clock. */
export const processFactsSchema = z.object({
  pid: z.number().int().min(0),
  startTimeMs: count('processes', 'startTimeMs'),
  user: text(100).nullable().default(null),
  /** Program name: the last part of argv[0], or the kernel's name for it in brackets. */
  command: text(256),
  /** argv from argv[1] on, secrets masked, joined by spaces, cut. Null where it cannot be read. */
  arguments: text(MAX_ARGUMENTS_LENGTH).nullable().default(null),
});
export type ProcessFacts = z.infer<typeof processFactsSchema>;

/** First message of a monitor. It never waits for a GPU tool: `gpus` is null while unknown. */
export const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.number().int(),
  build: text(64),
  nonce: text(64),
  pid: z.number().int().min(1),
  hostname: text(256),
  os: text(256),
  kernel: text(256),
  runtime: text(64),
  cpuModel: text(256).nullable().default(null),
  sockets: count('cpu', 'sockets'),
  cores: count('cpu', 'cores'),
  threads: count('cpu', 'threads'),
  memoryTotalBytes: bytes('memory', 'memoryTotalBytes'),
  swapTotalBytes: bytes('memory', 'swapTotalBytes'),
  /** The node's clock when it said hello: for the clock's offset only, never for ages. */
  clockMs: count('clock', 'clockMs'),
  bootTimeMs: count('clock', 'bootTimeMs'),
  /** Null where the node could not or must not write them; `notes` then says why. */
  logPath: text(4096).nullable().default(null),
  statusPath: text(4096).nullable().default(null),
  notes: z.array(text(500)).max(20).default([]),
  gpus: z.array(gpuFactsSchema).max(MAX_GPUS).nullable(),
});
export type Hello = z.infer<typeof helloSchema>;

/**
 * Changes of what stays the same. `gpus` replaces the list; `processes` adds to the known ones;
 * `gone` names pids whose facts will not be needed again.
 */
export const factsSchema = z.object({
  type: z.literal('facts'),
  gpus: z.array(gpuFactsSchema).max(MAX_GPUS).nullable().optional(),
  processes: z.array(processFactsSchema).max(MAX_PROCESS_FACTS).optional(),
  gone: z.array(z.number().int().min(0)).max(MAX_PROCESS_FACTS).optional(),
});
export type Facts = z.infer<typeof factsSchema>;
