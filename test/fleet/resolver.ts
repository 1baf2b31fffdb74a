import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkFolder, runProgram } from './fleet.ts';

const NXDOMAIN = 3;

/** The name asked for in a DNS query, `a.b`. */
function questionOf(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; (query[at] ?? 0) > 0; at += (query[at] ?? 0) + 1)
    labels.push(query.subarray(at + 1, at + 1 + (query[at] ?? 0)).toString('latin1'));
  return labels.join('.');
}

/** The query's own head and question with the answer "no such name". */
function noSuchName(query: Buffer): Buffer {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8180 | NXDOMAIN, 2);
  answer.fill(0, 6, 12);
  let end = 12;
  while ((query[end] ?? 0) > 0) end += (query[end] ?? 0) + 1;
  return answer.subarray(0, end + 5);
}

async function mount(file: string, over: string): Promise<void> {
  const { code, stderr } = await runProgram('mount', ['--bind', file, over]);
  if (code !== 0) throw new Error(stderr);
}

/**
 * A name server of the head's namespace, which knows no name and never answers for `*.silent.test`. The fleet's
 * head has a mount namespace of its own, so that /etc is changed for nobody else.
 */
export async function startResolver(hosts: string): Promise<() => Promise<void>> {
  const folder = createWorkFolder();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    if (!questionOf(query).includes('silent.test')) socket.send(noSuchName(query), from.port, from.address);
  });
  socket.bind(53, '127.0.0.1');
  await once(socket, 'listening');
  writeFileSync(join(folder.path, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:30 attempts:1\n');
  writeFileSync(join(folder.path, 'hosts'), `127.0.0.1 localhost\n${hosts}`);
  const files = ['resolv.conf', 'hosts'];
  for (const file of files) await mount(join(folder.path, file), `/etc/${file}`);
  return async () => {
    for (const file of files) await runProgram('umount', ['-l', `/etc/${file}`]);
    socket.close();
    folder.remove();
  };
}
