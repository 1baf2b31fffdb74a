import type { Config } from '../config/config.ts';
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
}

/** `readAgain` and `take` throw `ConfigError`; `say` writes into the head's log. */
export function createLiveSettings(
  config: Config,
  readAgain: () => Config,
  take: (config: Config) => void,
  say: (line: string) => void,
): LiveSettings {
  const marks = { ...config.marks };
  const allowedHosts = allowedHostsOf(config);
  let problems: string[] = [];
  let inForce = config.inForce;

  function takeAgain(): void {
    const now = readAgain();
    take(now);
    Object.assign(marks, now.marks);
    allowedHosts.splice(0, allowedHosts.length, ...allowedHostsOf(now));
    const late = needRestart(config.inForce, now.inForce);
    problems = late.length === 0 ? [] : [`changed, and counts after a restart: ${late.join(', ')}`];
    const before = inForce;
    inForce = settingsInForce(config.inForce, now.inForce);
    const changed = changedSettings(before, inForce);
    // What waits is said below.
    if (changed.length > 0 || late.length === 0)
      say(`the settings were read anew; changed: ${changed.join(', ') || 'nothing'}`);
  }

  return {
    marks,
    allowedHosts,
    inForce: () => inForce,
    problems: () => problems,
    reload() {
      try {
        takeAgain();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        problems = [`the settings stay as they were: ${reason}`];
      }
      for (const problem of problems) say(problem);
    },
  };
}

/** A page that others may see answers under the names that they know this machine by, as they become known. */
function allowedHostsOf({ allowedHosts, public: isPublic }: Config): string[] {
  if (!isPublic) return [...allowedHosts];
  const names = [...allowedHosts, ...localNames()];
  findResolvedNames((name) => names.push(name));
  return names;
}
