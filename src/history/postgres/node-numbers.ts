import type { Server } from './server.ts';

/** What PostgreSQL cannot keep of a text. */
export const storedText = (text: string): string => text.replaceAll('\0', '\u{fffd}');

/** Nodes by the numbers that chunks have. */
export interface NodeNumbers {
  /** In the order of the names; new ones get a number. */
  of(names: readonly string[]): Promise<number[]>;
  find(name: string): Promise<number | null>;
}

/** Rejects as `query` does. */
export function createNodeNumbers(query: Server['query']): NodeNumbers {
  const known = new Map<string, number>();

  async function learn(names: readonly string[]): Promise<void> {
    const rows = await query('SELECT id, name FROM rollcall.node WHERE name = ANY ($1::text[])', [names]);
    for (const { id, name } of rows) known.set(String(name), Number(id));
  }

  return {
    async of(names) {
      const wanted = names.map(storedText);
      const missing = () => [...new Set(wanted.filter((name) => !known.has(name)))];
      if (missing().length > 0) await learn(missing());
      if (missing().length > 0) {
        await query('INSERT INTO rollcall.node (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [
          missing(),
        ]);
        await learn(missing());
      }
      return wanted.map((name) => {
        const number = known.get(name);
        if (number === undefined) throw new Error(`the database has no node ${JSON.stringify(name)}`);
        return number;
      });
    },
    async find(name) {
      const wanted = storedText(name);
      if (!known.has(wanted)) await learn([wanted]);
      return known.get(wanted) ?? null;
    },
  };
}
