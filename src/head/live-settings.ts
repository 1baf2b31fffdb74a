import type { Config } from '../config/config.ts';
import { isPipe } from '../config/settings-file.ts';
import { findResolvedNames, localNames } from './own-names.ts';
import { changedSettings, needRestart, settingsInForce } from './reload.ts';

/** The settings of a head that runs, as far as they can change while it does. */
export interface LiveSettings {
  /** Replaced in place where they change, so that whoever was given them has the new ones. */
  marks: Config['marks'];
  allowedHosts: string[];
  inForce(): Config['inForce'];
  /** What is wrong with the settings as they were read last, and what of them waits for a restart. */
  problems(): string[];
  /** Reads them anew. A mistake leaves all as it was, and is said. */
  reload(): void;
  /** From now on they are not read any more: a head that ends must not begin anything. */
  end(): void;
}

/**
 * `readAgain` and `take` throw `ConfigError`; `say` writes into the head's log; `findNames` calls back with further names
 * of this machine as they become known.
 */
export function createLiveSettings(
  config: Config,
  readAgain: () => Config,
  take: (config: Config) => void,
  say: (line: string) => void,
  findNames: (onName: (name: string) => void) => void = findResolvedNames,
): LiveSettings {
  const marks = { ...config.marks };
  // A page that others may see answers under the names that they know this machine by.
  const ownNames = new Set(config.public ? localNames() : []);
  const allowedHosts: string[] = [];
  let namedHosts = config.allowedHosts;
  let hasEnded = false;
  let problems: string[] = [];
  let inForce = config.inForce;

  function allow(): void {
    allowedHosts.splice(0, allowedHosts.length, ...namedHosts, ...ownNames);
  }

  function allowOwnNames(): void {
    allow();
    if (!config.public) return;
    findNames((name) => {
      ownNames.add(name);
      allow();
    });
  }

  function takeAgain(): void {
    const { path } = config.settingsFile;
    if (isPipe(path)) throw new Error(`${path} is a pipe, whose text can be read once only`);
    const now = readAgain();
    take(now);
    Object.assign(marks, now.marks);
    namedHosts = now.allowedHosts;
    allowOwnNames();
    const late = needRestart(config.inForce, now.inForce);
    problems = late.length === 0 ? [] : [`changed, and counts after a restart: ${late.join(', ')}`];
    const before = inForce;
    inForce = settingsInForce(config.inForce, now.inForce);
    const changed = changedSettings(before, inForce);
    // What waits is said below.
    if (changed.length > 0 || late.length === 0)
      say(`the settings were read anew; changed: ${changed.join(', ') || 'nothing'}`);
  }

  allowOwnNames();
  return {
    marks,
    allowedHosts,
    inForce: () => inForce,
    problems: () => problems,
    reload() {
      if (hasEnded) return;
      try {
        takeAgain();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        problems = [`the settings stay as they were: ${reason}`];
      }
      for (const problem of problems) say(problem);
    },
    end() {
      hasEnded = true;
    },
  };
}
