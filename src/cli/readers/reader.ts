import { readAskedHead } from '../../config/client-settings.ts';
import { surroundings } from '../environment.ts';
import { lastFlags } from '../flags.ts';
import { earlierHead, findHeadOrDemo, type HeadClient } from '../head-client.ts';
import { scriptHere, withCommandsOfHere } from '../here.ts';
import { tellProblem } from '../tell-problem.ts';
import { UsageError } from '../usage/usage-error.ts';

/** Where commands that only read get their answers: the own head, or any head by the address of its page. */
export interface Reader {
  /** Of its page. */
  url: string;
  /** Null where the head is asked by its address. */
  own: HeadClient | null;
  /** Parsed JSON of an answer; null for a node or a list that the head does not know. */
  getJson(path: string): Promise<unknown>;
}

/** The head that the flags and the environment of a command mean. Throws `UsageError` where there is none. */
export async function openReader(flags: object): Promise<Reader> {
  const asked = await readAskedHead({ ...surroundings(), flags: lastFlags(flags) }, tellProblem);
  if ('url' in asked) {
    const { createUrlReader } = await import('./url-reader.ts');
    return createUrlReader(asked.url);
  }
  const own = findHeadOrDemo(asked);
  if (own === null) {
    const earlier = earlierHead(asked, flags);
    if (earlier !== null)
      throw new UsageError(`no head of yours runs with the state folder ${asked.stateDir}; ${earlier}`);
    throw new UsageError(
      `no head of yours runs with the state folder ${asked.stateDir}; start one: ` +
        `${scriptHere('run_monitor.sh')}, or name the page of somebody else's: --url http://HOST:7070/ ` +
        '(or ROLLCALL_URL)',
    );
  }
  return { url: own.record.url, own, getJson: own.getJson };
}

/** Commands in texts of the own head are told as they can be typed here; those of another's are its owner's. */
export const forReader = ({ own }: Reader, text: string): string =>
  own === null ? text : withCommandsOfHere(text);
