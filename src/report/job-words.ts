/** How a job is called on page, terminal and charts. */

const SHORT = 12;
const LONGEST_ID = 20;

/** Ids of containers as their own tools show them: the first 12 of 64 digits. */
export const shortIds = (text: string): string =>
  text.replace(/[0-9a-f]{32,}/g, (digits) => digits.slice(0, SHORT));

/** Whether somebody who names a key means this one: it may have the ids of containers as they are printed, shortened. */
export const isMeantKey = (asked: string, key: string): boolean =>
  asked === key || (asked.length < key.length && asked === shortIds(key));

/** `slurm 4711 · train-llm` of the key `slurm:4711`. Strangers see it without the name, which says what arguments would say. */
export function jobLabel(key: string, name: string | null = null): string {
  const colon = key.indexOf(':');
  const id = key.slice(colon + 1);
  const told = `${key.slice(0, Math.max(0, colon))} ${shortIds(id).slice(0, LONGEST_ID)}`.trim();
  return name === null || name === id ? told : `${told} · ${name}`;
}
