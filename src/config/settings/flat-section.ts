import { z } from 'zod';
import { secondsSchema } from './nodes-section.ts';
import { pathSchema, type Section, switchSchema } from './section.ts';

const NOT_A_PORT = 'not a port (0 to 65535)';
/** Digits, so that nothing else becomes a port: an empty word would be 0, which means any. */
const portSchema = z
  .union([z.number(), z.string().regex(/^\d{1,5}$/, NOT_A_PORT)], NOT_A_PORT)
  .transform(Number)
  .refine((port) => Number.isInteger(port) && port >= 0 && port <= 65_535, NOT_A_PORT);

const shape = {
  'node-list': pathSchema(),
  /** The page as a designer sees it. */
  design: pathSchema(),
  'ssh-config': pathSchema().nullable(),
  host: z.string().min(1),
  port: portSchema,
  'state-dir': pathSchema(),
  'allowed-hosts': z.array(z.string().min(1)),
  /** Passwords and passphrases, for logins that need some. */
  'password-file': pathSchema().nullable(),
  /** A program that asks a person, as SSH_ASKPASS. */
  askpass: pathSchema().nullable(),
  public: switchSchema(),
  demo: switchSchema(),
  'interval-seconds': secondsSchema,
  'watched-interval-seconds': secondsSchema,
  /** That carry the fleet beside the main one; null: as many as the list needs. */
  threads: z.coerce.number().int().min(0).max(64).nullable(),
  handshakes: z.coerce.number().int().min(1).max(1_000),
  'jump-host-handshakes': z.coerce.number().int().min(1).max(1_000),
};

/** What stands above all sections. */
export const flatSection: Section<'table', typeof shape> = {
  name: '',
  kind: 'table',
  schema: z.strictObject(shape),
  means: 'what is watched, and where the page is served',
  afterRestart: [
    'design',
    'ssh-config',
    'host',
    'port',
    'state-dir',
    'password-file',
    'askpass',
    'public',
    'demo',
    'threads',
    'handshakes',
    'jump-host-handshakes',
  ],
  isFlat: true,
};
