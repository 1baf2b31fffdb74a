import { expandRanges, NameRangeError } from './ranges.ts';
import type { NodeSettings, Target } from './target.ts';

/** Settings for all nodes that a pattern names: ranges as in the node list, `*` and `?`. */
export interface SettingsRule {
  pattern: string;
  settings: Partial<NodeSettings>;
}

export const defaultNodeSettings: NodeSettings = {
  transport: 'auto',
  intervalMs: 10_000,
  watchedIntervalMs: 1_000,
  stageMs: 10_000,
  runtime: null,
  tags: [],
  enabled: true,
};

/** `*` and `?` as a shell means them; everything else stands for itself. */
function globExpression(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

type Names = (target: Target) => boolean;

/** Throws a sentence with the pattern where it cannot be read. */
function patternMatcher(pattern: string): Names {
  try {
    const words = expandRanges(pattern);
    const exact = new Set(words.filter((word) => !/[*?]/.test(word)));
    const globs = words.filter((word) => /[*?]/.test(word)).map(globExpression);
    const names = (word: string) => exact.has(word) || globs.some((glob) => glob.test(word));
    return ({ name, host }) => names(name) || names(host);
  } catch (error) {
    if (!(error instanceof NameRangeError)) throw error;
    throw new Error(`the pattern "${pattern}" names no nodes: ${error.message}`);
  }
}

/** Patterns that name none of these nodes: mostly misspelt. Throws a sentence for a bad one. */
export function unusedPatterns(rules: readonly SettingsRule[], targets: readonly Target[]): string[] {
  return rules.flatMap(({ pattern }) => (targets.some(patternMatcher(pattern)) ? [] : [pattern]));
}

/**
 * Gives every target its settings: the base, then every rule that names it (by its name in the list
 * or its host alone), later ones over earlier ones; tags add up. Throws a sentence for a bad pattern.
 */
export function createNodeSettings(
  base: NodeSettings,
  rules: readonly SettingsRule[],
): (targets: readonly Target[]) => Target[] {
  const matchers = rules.map(({ pattern, settings }) => ({ names: patternMatcher(pattern), settings }));
  return (targets) =>
    targets.map((target) => {
      let settings = base;
      for (const rule of matchers) {
        if (!rule.names(target)) continue;
        const tags = [...new Set([...settings.tags, ...(rule.settings.tags ?? [])])];
        settings = { ...settings, ...rule.settings, tags };
      }
      return { ...target, settings };
    });
}
