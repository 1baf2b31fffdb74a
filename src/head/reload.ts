import type { Config } from '../config/config.ts';

type Settings = Config['inForce'];

/** What of this lists differs, by name; in the order of the first, then of the second. Pure. */
export function changedSettings(before: Settings, now: Settings): string[] {
  const keysOf = (settings: Settings) =>
    new Map(settings.map(({ name, reveal }) => [name, JSON.stringify(reveal())]));
  const [old, fresh] = [keysOf(before), keysOf(now)];
  return [...new Set([...old.keys(), ...fresh.keys()])].filter((name) => old.get(name) !== fresh.get(name));
}

const waiting = (settings: Settings) => settings.filter(({ afterRestart }) => afterRestart);

/** Settings that are others now and count only after a restart, as rollcall.toml calls them. Pure. */
export const needRestart = (before: Settings, now: Settings): string[] =>
  changedSettings(waiting(before), waiting(now));

/** What a head has that was started with the first and has read the second since. Pure. */
export function settingsInForce(started: Settings, now: Settings): Settings {
  const kept = new Map(waiting(started).map((setting) => [setting.name, setting]));
  const taken = now.flatMap((setting) => (setting.afterRestart ? (kept.get(setting.name) ?? []) : setting));
  // Of a section that has gone from the file and still counts.
  const names = new Set(now.map(({ name }) => name));
  return [...taken, ...[...kept.values()].filter(({ name }) => !names.has(name))];
}
