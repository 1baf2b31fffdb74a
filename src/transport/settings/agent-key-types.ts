import { connect } from 'node:net';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const LIMIT_MS = 2_000;
const MAX_BYTES = 256 * 1024;

/** Reads the types of the keys out of an agent's answer. */
export function parseIdentities(answer: Buffer): string[] {
  if (answer[0] !== IDENTITIES_ANSWER || answer.length < 5) return [];
  const types: string[] = [];
  let at = 5;
  const next = () => {
    const length = answer.readUInt32BE(at);
    const value = answer.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  try {
    for (let count = answer.readUInt32BE(1); count > 0; count -= 1) {
      const key = next();
      types.push(key.toString('latin1', 4, 4 + key.readUInt32BE(0)));
      next();
    }
  } catch {
    // A cut answer ends the list.
  }
  return types;
}

/** The types of an agent's keys, also of those that ssh2 does not understand. None where nobody answers. */
export function listAgentKeyTypes(socketPath: string): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let received = Buffer.alloc(0);
    const finish = () => {
      socket.destroy();
      resolve(parseIdentities(received.subarray(4)));
    };
    socket.setTimeout(LIMIT_MS, finish);
    socket.on('error', finish).on('end', finish);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const isWhole = received.length >= 4 && received.length >= 4 + received.readUInt32BE(0);
      if (isWhole || received.length > MAX_BYTES) finish();
    });
    socket.write(Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES]));
  });
}
