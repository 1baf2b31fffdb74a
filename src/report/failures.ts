import { visibleText } from '../lib/visible-text.ts';
import { type Cause, type Failure, isRefusal } from './causes.ts';
import type { FailureDetail, Way } from './failure-detail.ts';
import { headSentences } from './failures/head.ts';
import { loginSentences } from './failures/login.ts';
import { monitorSentences } from './failures/monitor.ts';
import { waySentences } from './failures/way.ts';
import { type DetailOf, type Sentences, shorten, type Words } from './failures/words.ts';

/**
 * Every sentence and hint about a node that is not live comes from here; they stand in `failures/`, by how far a
 * connection came. Commands are built from the head's own data, never from what a node said.
 */

const MAX_LINE_LENGTH = 500;
const MAX_LINES = 20;

const sentences: Sentences = {
  ...waySentences,
  ...loginSentences,
  ...monitorSentences,
  ...headSentences,
};

function describe<C extends FailureDetail['cause']>(way: Way, cause: C, detail: DetailOf<C>): Words {
  return sentences[cause](way, detail);
}

/**
 * Makes the one text about a failure: it is shown as it is on the page, in the API, in logs and terminals, so
 * control characters are made visible here. `lastLines` are what the node or ssh said, newest last.
 */
export function createFailure(way: Way, detail: FailureDetail, lastLines: readonly string[] = []): Failure {
  const cause: Cause = detail.cause;
  const needsPerson = detail.cause === 'proxy' ? (detail.needsPerson ?? false) : isRefusal(cause);
  const { message, hint } = describe(way, detail.cause, detail);
  return {
    cause,
    message: visibleText(message),
    hint: visibleText(hint),
    lastLines: toLastLines(lastLines),
    needsPerson,
  };
}

/** The last lines heard as a failure tells them: few, short and visible. */
export function toLastLines(lines: readonly string[]): string[] {
  return lines.slice(-MAX_LINES).map((line) => visibleText(shorten(line, MAX_LINE_LENGTH)));
}

/** A failure as lines of text: sentence, hint, and what was heard last. */
export function failureLines({
  message,
  hint,
  lastLines,
}: {
  message: string | null;
  hint: string | null;
  lastLines: readonly string[];
}): string[] {
  const sentences = [message, hint].filter((text) => text !== null && text !== '') as string[];
  return [...sentences, ...lastLines.map((line) => `| ${line}`)];
}
