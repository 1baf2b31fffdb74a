import { expect, it } from 'vitest';
import { explainUsage } from './usage-message.ts';

const commands = ['start', 'stop', 'status', 'show', 'gpus', 'jobs', 'retry'];
const options = ['help', 'version', 'state-dir', 'config', 'node-list', 'port', 'color'];
const explain = (said: string, ...words: string[]) =>
  explainUsage(said, { words, commands, options, program: 'scripts/rollcall' });

it.each([
  [
    // As the parser says it: each option twice.
    'Unknown arguments: nod-list, nodList',
    ['start', '--nod-list', 'x'],
    'unknown option --nod-list; did you mean --node-list? See: scripts/rollcall start --help',
  ],
  [
    'Unknown arguments: prot',
    ['start', '--prot=7071'],
    'unknown option --prot; did you mean --port? See: scripts/rollcall start --help',
  ],
  [
    'Unknown argument: nonsense',
    ['status', '--nonsense'],
    'unknown option --nonsense. See: scripts/rollcall status --help',
  ],
  ['Unknown argument: x', ['status', '-x'], 'unknown option -x. See: scripts/rollcall status --help'],
  [
    'Unknown argument: colr',
    ['status', '--no-colr'],
    'unknown option --colr; did you mean --color? See: scripts/rollcall status --help',
  ],
  [
    'Unknown argument: statsu',
    ['statsu'],
    'unknown command "statsu"; did you mean status? See: scripts/rollcall --help',
  ],
  ['Unknown argument: fly', ['fly'], 'unknown command "fly". See: scripts/rollcall --help'],
  [
    'Unknown argument: more',
    ['gpus', 'more'],
    '"more" is one word too many. See: scripts/rollcall gpus --help',
  ],
  [
    'Unknown argument: url',
    ['retry', '--url', 'http://head:7070'],
    "retry is for the head's owner, on the head's machine: there is no --url for it. See: scripts/rollcall retry --help",
  ],
  [
    'Not enough arguments following: port',
    ['start', '--port'],
    '--port needs a value. See: scripts/rollcall start --help',
  ],
  ['Missing argument value: q', ['gpus', '-q'], '-q needs a value. See: scripts/rollcall gpus --help'],
  [
    'Arguments node and query are mutually exclusive',
    ['show', 'gpu01', '-q', 'x'],
    'a node and --query do not go together. See: scripts/rollcall show --help',
  ],
  [
    'Name a command.',
    [],
    'name a command: start, stop, status, show, gpus, jobs, retry. See: scripts/rollcall --help',
  ],
  [
    'Something that\nnobody foresaw',
    ['status'],
    'Something that nobody foresaw. See: scripts/rollcall status --help',
  ],
])('tells %j in one line', (said, words, line) => {
  expect(explain(said, ...words)).toBe(line);
});

it('shows no control characters of what was typed', () => {
  expect(explain('Unknown argument: \u001b[2J', '\u001b[2J')).toContain('unknown command "\\x1b[2J"');
});
