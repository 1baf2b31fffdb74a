import { sayFault } from '../lib/guarded.ts';

/**
 * What nobody caught would end the head, and with it the sight of all nodes: it is said, with its place, and the head goes
 * on. Whatever can fail has its own guard; this is for what nobody thought of.
 */
export function surviveFaults(): void {
  process.on('uncaughtException', (error) => sayFault('something that nobody guards', error));
  process.on('unhandledRejection', (reason) => sayFault('something that nobody waits for', reason));
}
