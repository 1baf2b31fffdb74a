import { expect, it } from 'vitest';
import { renderSettings, type ToldSetting } from './settings-text.ts';
import { plainStyle } from './text-style.ts';

const setting = (name: string, text: string, kind = 'default', place = 'default'): ToldSetting => ({
  name,
  text,
  origin: { kind, place },
  afterRestart: true,
});

it('aligns settings with where they come from, and says what the head has instead', () => {
  const settings = [
    setting('port', '7071', 'flag', '--port'),
    setting('handshakes', '5', 'file', '/x/rollcall.toml:1'),
    setting('host', '"::1"', 'environment', 'ROLLCALL_HOST'),
    setting('ways.x.token', 'set, from /x/\u001b[2J'),
  ];
  const others = [
    { name: 'handshakes', head: setting('handshakes', '64'), waits: true },
    { name: 'host', head: setting('host', '"::2"', 'flag', '--host'), waits: false },
    { name: 'ways.x.token', head: null, waits: true },
    { name: 'nodes."a".tags', head: setting('nodes."a".tags', '["b"]', 'file', '/y:3'), waits: false },
  ];
  expect(renderSettings(settings, others, '/x/rollcall.toml', plainStyle)).toBe(
    [
      'setting         value                 from',
      'port            7071                  --port',
      'handshakes      5                     rollcall.toml:1  the head has 64 (default) until a restart',
      'host            "::1"                 $ROLLCALL_HOST   the head has "::2" (--host)',
      'ways.x.token    set, from /x/\\x1b[2J  default          the head does not have it, until a restart',
      'nodes."a".tags                                         the head has ["b"] (/y:3)',
      '',
    ].join('\n'),
  );
});
