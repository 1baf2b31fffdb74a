import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type AnswerTemplate, learnTemplate } from './answer-template.ts';
import type { Place, SshAnswer, SshAsker } from './ask-ssh.ts';
import { createNameGroups } from './name-groups.ts';
import type { SshConfigFiles } from './ssh-config-files.ts';
import type { SshSettings } from './ssh-settings-parse.ts';

/** Settings of many places from two answers of ssh, where the files prove that it says the same of all of them. */
export interface SharedAnswers {
  /** Asks ssh where nothing else will do. Rejects as `SshAsker.ask`. */
  settingsOf(place: Place): Promise<SshSettings>;
}

/** FreeBSD's ssh looks names up before it prints them. */
const PLATFORMS: readonly string[] = ['linux', 'darwin'];
/** ssh cuts a path that it reads from in what it says about it. */
const SAID_LENGTH = 200;

/** Whether ssh reads no file beside those that were looked at; an ssh of its own folder may have another system file. */
async function readsOnly(asker: SshAsker, place: Place, files: SshConfigFiles): Promise<boolean> {
  const read = await asker.filesRead(place);
  if (read === null) return false;
  const known = new Set(files.paths.map((path) => path.slice(0, SAID_LENGTH)));
  // Where it says nothing at all, it may say so in other words.
  return read.length > 0 && read.every((path) => known.has(resolve(path).slice(0, SAID_LENGTH)));
}

interface Asked {
  place: Place;
  answer: Promise<SshAnswer>;
}

/** Makes a place's settings, or null where ssh has to be asked. */
type Derive = (place: Place) => SshSettings | null;

/** Only the names differ, in the answers and in what they mean: then nothing has to be read again. */
function differsByName(template: AnswerTemplate, one: SshSettings, other: SshSettings): boolean {
  const { originalHost, hostName } = other;
  const keywords = [...template.keywords];
  return (
    keywords.every((keyword) => keyword === 'host' || keyword === 'hostname') &&
    isDeepStrictEqual({ ...one, originalHost, hostName }, other)
  );
}

function createDerive(asker: SshAsker, template: AnswerTemplate, one: SshAnswer, other: SshAnswer): Derive {
  if (differsByName(template, one.settings, other.settings)) {
    const { settings } = one;
    return ({ host }) => {
      const hostName = template.hostNameOf(host);
      return hostName === null ? null : { ...settings, originalHost: host, hostName };
    };
  }
  return (place) => {
    const text = template.answerFor(place.host);
    return text === null ? null : asker.read(place, text);
  };
}

interface Group {
  /** The first of each length of name. */
  first: Map<number, Asked>;
  /** Resolves to null where what ssh says is not explained by the name, to `again` where ssh gave no answer. */
  derive: Promise<Derive | null | 'again'> | null;
}

/** How often those that wait for two answers wait for two others; then they ask for themselves. */
const ATTEMPTS = 3;
/** Groups of which one name alone was asked for: whole answers wait there for a second one. */
const MOST_ALONE = 256;

/** Answers for one state of the configuration files. */
export function createSharedAnswers(asker: SshAsker, files: SshConfigFiles): SharedAnswers {
  const names = createNameGroups(files.telling);
  const shares = PLATFORMS.includes(process.platform) && !files.runsPrograms;
  const groups = new Map<string, Group>();
  const alone = new Set<string>();
  let proof: Promise<boolean> | null = null;

  async function learn(first: Asked, second: Asked): Promise<Derive | null> {
    proof ??= readsOnly(asker, first.place, files);
    const [one, other, proved] = await Promise.all([first.answer, second.answer, proof]);
    if (!proved) return null;
    const named = (place: Place, { text }: SshAnswer) => ({ name: place.host, text });
    const template = learnTemplate(named(first.place, one), named(second.place, other), hostname());
    return template === null ? null : createDerive(asker, template, one, other);
  }

  function groupOf(key: string): Group {
    const known = groups.get(key);
    if (known) return known;
    const group = { first: new Map<number, Asked>(), derive: null };
    groups.set(key, group);
    return group;
  }

  /** Forgets the group that has waited for a second name for longest. */
  function keepAlone(key: string): void {
    alone.add(key);
    const [longest = key] = alone;
    if (alone.size <= MOST_ALONE) return;
    alone.delete(longest);
    groups.delete(longest);
  }

  /** Asks for a place; two of one length say how the answers of its group depend on the name. */
  function askFor(place: Place, group: Group, key: string): Promise<SshAnswer> {
    const asked = { place, answer: asker.ask(place) };
    const first = group.first.get(place.host.length);
    if (first === undefined || first.place.host === place.host) {
      group.first.set(place.host.length, asked);
      keepAlone(key);
    } else {
      group.first.clear();
      alone.delete(key);
      group.derive = learn(first, asked).catch(() => {
        proof = null;
        group.derive = null;
        return 'again' as const;
      });
    }
    return asked.answer;
  }

  async function settingsOfGroup(place: Place, key: string): Promise<SshSettings> {
    const group = groupOf(key);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (group.derive === null) return (await askFor(place, group, key)).settings;
      const derive = await group.derive;
      if (derive !== 'again') return derive?.(place) ?? (await asker.ask(place)).settings;
    }
    return (await asker.ask(place)).settings;
  }

  return {
    async settingsOf(place) {
      const key = shares ? names.groupOf(place) : null;
      return key === null ? (await asker.ask(place)).settings : settingsOfGroup(place, key);
    },
  };
}
