import pg from 'pg';

/** What travels to and from PostgreSQL. */
export type SqlParameter =
  | string
  | number
  | null
  | Uint8Array
  | readonly string[]
  | readonly (number | null)[];
export type PostgresRow = Record<string, unknown>;

/** A few connections to one database. Everything rejects with a sentence that has no password. */
export interface Server {
  /** `postgres://user@host:5432/database`. */
  place: string;
  query(sql: string, values?: readonly SqlParameter[]): Promise<PostgresRow[]>;
  /** All of it counts, or nothing. */
  transaction(action: (query: Server['query']) => Promise<void>): Promise<void>;
  /** Whether it got a lock that nobody else has. It is held until the end; once it is lost, all that is asked rejects. */
  hold(lock: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Two for what is asked and written, and one that holds the lock. */
const MOST_CONNECTIONS = 2;
const CONNECT_LIMIT_MS = 5_000;
const STATEMENT_LIMIT_MS = 30_000;
/** A server that hangs does not even end its statements. */
const ANSWER_LIMIT_MS = STATEMENT_LIMIT_MS + 5_000;

/** The lock of a head whose machine has gone is free again after half a minute. */
const NOTICE_SOON = `
  SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3`;

/** Throws a sentence where the address cannot be read. Nothing is connected yet. */
export function connectServer(url: string): Server {
  const { place, password } = readAddress(url);
  const secrets = [url, password, password === null ? null : encodeURIComponent(password)];
  const withoutPassword = (error: unknown): Error => {
    const said = messageOf(error);
    const clean = secrets.reduce<string>(
      (text, secret) => (secret ? text.replaceAll(secret, '…') : text),
      said,
    );
    const { code } = error as { code?: unknown };
    return Object.assign(new Error(`${place}: ${clean}`), { code });
  };
  const connection = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    statement_timeout: STATEMENT_LIMIT_MS,
    idle_in_transaction_session_timeout: STATEMENT_LIMIT_MS,
    query_timeout: ANSWER_LIMIT_MS,
    keepAlive: true,
    application_name: 'rollcall',
  };
  const pool = new pg.Pool({ ...connection, max: MOST_CONNECTIONS });
  let holder: pg.Client | null = null;
  let isLost = false;
  let closing: Promise<void> | null = null;
  // A connection at rest that ends is replaced by the next one.
  pool.on('error', () => undefined);
  // The pool listens to a connection only while it rests; within a transaction, between two statements, nobody would.
  pool.on('connect', (client) => client.on('error', () => undefined));

  function checkLock(): void {
    if (isLost) throw new Error('the connection to the database has ended');
  }

  async function end(): Promise<void> {
    await holder?.end().catch(() => undefined);
    await pool.end();
  }

  return {
    place,
    async query(sql, values = []) {
      try {
        checkLock();
        return (await pool.query<PostgresRow>(sql, values.map(asParameter))).rows;
      } catch (error) {
        throw withoutPassword(error);
      }
    },
    async transaction(action) {
      let client: pg.PoolClient;
      try {
        checkLock();
        client = await pool.connect();
      } catch (error) {
        throw withoutPassword(error);
      }
      let failure: Error | undefined;
      try {
        await client.query('BEGIN');
        await action(
          async (sql, values = []) => (await client.query<PostgresRow>(sql, values.map(asParameter))).rows,
        );
        await client.query('COMMIT');
      } catch (error) {
        failure = withoutPassword(error);
        throw failure;
      } finally {
        // One that failed within a transaction is closed, which takes it back.
        client.release(failure);
      }
    },
    async hold(lock) {
      const client = new pg.Client(connection);
      holder = client;
      const lose = () => {
        isLost = true;
      };
      client.on('error', lose).on('end', lose);
      try {
        await client.connect();
        await client.query(NOTICE_SOON);
        const { rows } = await client.query<PostgresRow>('SELECT pg_try_advisory_lock($1::bigint) AS held', [
          lock,
        ]);
        return rows[0]?.held === true;
      } catch (error) {
        throw withoutPassword(error);
      }
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** `postgres://user@host:5432/database`. Throws a sentence where the address cannot be read. */
export const databasePlace = (url: string): string => readAddress(url).place;

function readAddress(url: string): { place: string; password: string | null } {
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new Error('the address of the database must begin with postgres://');
  try {
    const { user, host, port, database, password } = new pg.Client({ connectionString: url });
    const address = host.includes(':') ? `[${host}]` : host;
    const place = `postgres://${user ?? ''}@${address}:${port}/${database ?? ''}`;
    return { place, password: typeof password === 'string' ? password : null };
  } catch {
    // What is wrong is not quoted: it may be a part of the password.
    throw new Error(
      'the address of the database cannot be read: postgres://USER:PASSWORD@HOST:5432/DATABASE, with %-codes for ' +
        'what is no letter or digit in the password (%40 for @)',
    );
  }
}

/** What `pg` has no words for: several addresses of a host that all refuse. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return [...new Set(error.errors.map(messageOf))].join(', ');
  return error instanceof Error ? error.message : String(error);
}

/** Bytes travel as they are; as `pg` has it, only in a Buffer. */
const asParameter = (value: SqlParameter): unknown =>
  value instanceof Uint8Array && !Buffer.isBuffer(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : value;

const BYTEA = 17;

/** Several byte strings as one parameter of type bytea[] in PostgreSQL's binary form: as text they would be twice as long. */
export function byteaArray(all: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32BE(1, 0);
  head.writeInt32BE(BYTEA, 8);
  head.writeInt32BE(all.length, 12);
  head.writeInt32BE(1, 16);
  const parts = all.flatMap((bytes) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([head, ...parts]);
}
