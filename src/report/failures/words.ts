import { cutText } from '../../lib/cut-text.ts';
import { shellCommand } from '../../lib/shell-quote.ts';
import type { Stage } from '../causes.ts';
import type { FailureDetail, Way } from '../failure-detail.ts';

/** What all sentences about failures are made with. */

export interface Words {
  /** One sentence. */
  message: string;
  /** What to do. */
  hint: string;
}

export type DetailOf<C extends FailureDetail['cause']> = Extract<FailureDetail, { cause: C }>;

/** One sentence and hint per cause. */
export type Sentences = {
  [C in FailureDetail['cause']]: (way: Way, detail: DetailOf<C>) => Words;
};

export const stageNames: Record<Stage, string> = {
  name: 'looking up the name',
  tcp: 'opening the TCP connection',
  banner: 'waiting for the SSH banner',
  keys: 'exchanging keys',
  login: 'logging in',
  shell: 'waiting for the login shell',
  runtime: 'bringing a runtime to the node',
  hello: "waiting for the monitor's first message",
};

/** A node's words within a sentence: not too many. */
const MAX_DETAIL_LENGTH = 400;

/** At most `maxLength` characters, and a sign where more were. */
export const shorten = (text: string, maxLength: number): string =>
  text.length > maxLength ? `${cutText(text, maxLength)}…` : text;

/** A node's words for the end of a sentence: cut, and without a full stop of their own. */
export const trimmed = (detail: string): string =>
  shorten(detail.trimEnd(), MAX_DETAIL_LENGTH).replace(/[.\s]+$/, '');

/** `1.5 s` of milliseconds. */
export const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

/** `10.0.0.1 port 22`. */
export const placeOf = ({ host, port }: Way): string => `${host} port ${port}`;

/** ` while logging in`; empty where no stage is known. */
export const whileIn = (stage: Stage | null): string => (stage ? ` while ${stageNames[stage]}` : '');

/** The command that reaches the node by hand, with more to read. */
export function verbose(way: Way, ...extra: string[]): string {
  const [program = 'ssh', ...rest] = way.sshWords;
  return shellCommand([program, ...extra, ...rest]);
}
