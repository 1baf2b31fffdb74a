import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learnParts, learnTemplate } from './answer-template.ts';

const settled = 'canonicalizehostname false';
/** What ssh would say of a name. */
const answer = (name: string, lines: (name: string) => string[]) => ({
  name,
  text: [`host ${name}`, `hostname ${name.toLowerCase()}`, 'user u', 'port 22', settled, ...lines(name)].join(
    '\n',
  ),
});
const learn = (one: string, other: string, lines: (name: string) => string[]) =>
  learnTemplate(answer(one, lines), answer(other, lines), 'head');

describe('learnParts', () => {
  it('finds the one text that holds both names, whatever they are and what stands around them', () => {
    const name = fc.stringMatching(/^[ab]{3}$/);
    const part = fc.oneof(fc.constant(0), fc.stringMatching(/^[ab]{0,4}$/));
    fc.assert(
      fc.property(
        name,
        name,
        fc.stringMatching(/^[abc]{1,5}$/),
        fc.array(part),
        (one, other, third, parts) => {
          fc.pre(one !== other);
          const say = (given: string, from: readonly (string | number)[]) =>
            from.map((text) => (typeof text === 'number' ? given : text)).join('');
          const found = learnParts(say(one, parts), say(other, parts), [one], [other]);
          expect(say(third, found ?? [])).toBe(say(third, parts));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('learnTemplate', () => {
  const lines = (name: string) => [
    `a root/yes/${name}`,
    'b yes root 22',
    `c ${name}${name}-${name.toLowerCase()}`,
  ];

  it.each([
    ['root', 'yes1', 'n'],
    ['yes', 'b22', 'host'],
    ['n1', 'n2', 'n1n1'],
    ['aa', 'ab', 'aaa'],
    ['Node', 'Nods', 'GPU1'],
  ])('puts names into the places of %s and %s', (one, other, third) => {
    expect(learn(one, other, lines)?.answerFor(third)).toBe(answer(third, lines).text);
  });

  it.each([
    ['names of different length', 'n1', 'n10', lines],
    ['names that differ in case alone', 'Node', 'node', lines],
    ['the same name', 'n1', 'n1', lines],
    ['something else that differs', 'n1', 'n2', (name: string) => [`x ${name === 'n1' ? 7 : 8}`]],
    ['a line more', 'n1', 'n2', (name: string) => (name === 'n1' ? [] : ['x y'])],
    ['names that are looked up', 'n1', 'n2', () => ['canonicalizePermittedcnames *:*']],
    ['an agent by name', 'n1', 'n2', (name: string) => [`forwardagent /run/${name}`]],
    ['a way by name', 'n1', 'n2', (name: string) => [`proxyjump ${name}-gw`]],
  ] as const)('learns nothing from %s', (_, one, other, say) => {
    expect(learn(one, other, (name) => [...say(name)])).toBeNull();
  });

  it('leaves a node to ssh that others are reached through, and what HostName makes an address of', () => {
    const template = learn('n1', 'n2', () => ['proxyjump u@gw:22']);
    expect(template?.answerFor('gw')).toBeNull();
    expect(template?.answerFor('n3')).toContain('hostname n3\n');
    const say = (name: string) => ({ name, text: `hostname 0${name}\nport 22\n${settled}\n` });
    const odd = learnTemplate(say('y1f'), say('y2f'), 'head');
    expect(odd?.answerFor('y3f')).toBe(say('y3f').text);
    expect(odd?.answerFor('x1f')).toBeNull();
  });
});
