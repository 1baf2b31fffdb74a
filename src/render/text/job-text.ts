import { visibleText } from '../../lib/visible-text.ts';
import type { NodeReport } from '../../report/node-report.ts';
import type { ClusterJob } from '../../report/rows.ts';
import { viewJobRow } from '../holdings.ts';
import { alignColumns } from './align-columns.ts';
import { renderJobsText } from './jobs-text.ts';

const HEADINGS = ['NODE', 'PID', 'USER', 'GPUS', 'GPU MEM', 'CPU', 'RAM', 'TIME', 'COMMAND'];

/** Jobs with the same key, what each runs and the processes that nodes tell of; ends with a newline. */
export function renderJobText(
  jobs: readonly ClusterJob[],
  nodeOf: (name: string) => NodeReport | undefined,
): string {
  const views = jobs.map((job) => viewJobRow(job, nodeOf));
  const rows = views.flatMap(({ shares }) =>
    shares.flatMap(({ node, processes }) =>
      processes.map(({ pid, user, gpus, gpuMemory, cpu, ram, time, commandLine }) => [
        node,
        String(pid),
        user,
        gpus,
        gpuMemory,
        cpu,
        ram,
        time,
        commandLine,
      ]),
    ),
  );
  const facts = views.flatMap(({ started, command }) => [`Started: ${started}`, `Command: ${command}`]);
  const table = alignColumns([HEADINGS, ...rows].map((cells) => cells.map(visibleText)));
  return [
    renderJobsText(jobs),
    ...facts.map((fact) => `${visibleText(fact)}\n`),
    '\n',
    `${table.join('\n')}\n`,
  ].join('');
}
