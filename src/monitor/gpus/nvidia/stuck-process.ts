import type { System } from '../../system.ts';

/** `… has not answered for 12 s: process 4711 is stuck in the kernel (state D in nvidia_ioctl)`. */
export function describeStuckProcess(system: System, what: string, pid: number, silentMs: number): string {
  const silent = `${what} has not answered for ${Math.round(silentMs / 1000)} s`;
  const state = /\)\s+(\S)/.exec(system.tryReadText(`/proc/${pid}/stat`) ?? '')?.[1];
  if (state !== 'D') return `${silent} (the driver may hang; process ${pid})`;
  const place = system.tryReadText(`/proc/${pid}/wchan`)?.trim();
  const where = place && place !== '0' ? ` in ${place}` : '';
  return `${silent}: process ${pid} is stuck in the kernel (state D${where})`;
}
