/** Answers of the tools that know jobs by name. Lines of another shape are left out. */

export interface JobName {
  id: string;
  name: string | null;
  user: string | null;
  /** Of an element of a Slurm array: `9_2`. */
  arrayId?: string;
}

const MAX_ROWS = 10_000;
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

function cleanWord(text: string | undefined, maxLength: number): string | null {
  const cleaned = (text ?? '').replace(CONTROL, '?').trim().slice(0, maxLength);
  return cleaned === '' ? null : cleaned;
}

export const SQUEUE_FORMAT = '%A|%F|%K|%u|%j';

/**
 * `squeue -h -o '%A|%F|%K|%u|%j'`: number, array and index (`N/A` without, a range of those that wait), user, and last the
 * name, because its user chooses it. The last element of an array to start keeps the array's number. A name with a
 * line end in it could tell of another job: of a number with two stories only what they agree on is believed.
 */
export function parseSqueue(text: string): JobName[] {
  const found = new Map<string, JobName>();
  for (const line of text.split('\n', MAX_ROWS)) {
    const [, id, array, index = '', user, name] =
      /^(\d{1,20})\|(\d{1,20})\|([^|]{0,1000})\|([^|]*)\|(.*)$/.exec(line.trim()) ?? [];
    if (id === undefined) continue;
    const row: JobName = { id, user: cleanWord(user, 100), name: cleanWord(name, 200) };
    if (/^\d{1,10}$/.test(index)) row.arrayId = `${array}_${index}`;
    const other = found.get(id);
    found.set(id, other === undefined ? row : agreed(other, row));
  }
  return [...found.values()];
}

function agreed(a: JobName, b: JobName): JobName {
  const both: JobName = {
    id: a.id,
    user: a.user === b.user ? a.user : null,
    name: a.name === b.name ? a.name : null,
  };
  if (a.arrayId !== undefined && a.arrayId === b.arrayId) both.arrayId = a.arrayId;
  return both;
}

/** `scontrol listpids`: pid → job id, of the processes of this node; columns as its first line names them. */
export function parseListpids(text: string): Map<number, string> {
  const [header = '', ...lines] = text.split('\n', MAX_ROWS);
  const names = header.trim().split(/\s+/);
  const pidAt = names.indexOf('PID');
  const jobAt = names.indexOf('JOBID');
  const jobs = new Map<number, string>();
  if (pidAt < 0 || jobAt < 0) return jobs;
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    const job = /^(\d{1,20})(?:_.*)?$/.exec(words[jobAt] ?? '')?.[1];
    if (job !== undefined && /^\d{1,10}$/.test(words[pidAt] ?? '')) jobs.set(Number(words[pidAt]), job);
  }
  return jobs;
}

/** `docker ps --no-trunc --format "{{.ID}} {{.Names}}"`, and Podman's the same. */
export function parseContainerNames(text: string): JobName[] {
  return text.split('\n', MAX_ROWS).flatMap((line) => {
    const [, id = '', names = ''] = /^([0-9a-f]{12,64}) (.*)$/.exec(line) ?? [];
    return id === '' ? [] : [{ id, user: null, name: cleanWord(names.split(',')[0], 200) }];
  });
}

/** Folders of `/var/log/pods`: `NAMESPACE_POD_UID`; namespaces and pods have no `_` in their names. */
export function parsePodFolders(folders: readonly string[]): JobName[] {
  return folders.slice(0, MAX_ROWS).flatMap((folder) => {
    const [, space = '', pod = '', id = ''] = /^([^_]+)_([^_]+)_([0-9a-f-]{3,64})$/.exec(folder) ?? [];
    return id === '' ? [] : [{ id, user: null, name: cleanWord(`${space}/${pod}`, 200) }];
  });
}
