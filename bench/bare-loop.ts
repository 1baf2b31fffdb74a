// What any Node.js program pays that wakes up once a second, reads what /proc says of the machine without its
// processes, and prints a line about it. bench:monitor runs it beside the monitor, since machines and hours differ.
import { readFileSync } from 'node:fs';

const files = ['stat', 'meminfo', 'loadavg', 'diskstats', 'net/dev', 'self/mountinfo'];

setInterval(() => {
  const read = files.map((file) =>
    readFileSync(`/proc/${file}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)),
  );
  process.stdout.write(`${JSON.stringify(read).slice(0, 3_000)}\n`);
}, 1_000);
process.stdin.resume().once('end', () => process.exit(0));
