/** Answers of the tools that know jobs by name. Lines of another shape are left out. */

export interface JobName {
  id: string;
  name: string | null;
  user: string | null;
}

const MAX_ROWS = 10_000;
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

function cleanWord(text: string | undefined, maxLength: number): string | null {
  const cleaned = (text ?? '').replace(CONTROL, '?').trim().slice(0, maxLength);
  return cleaned === '' ? null : cleaned;
}

/** `squeue -h -o %A|%u|%j`: the name comes last, because its user chooses it. */
export function parseSqueue(text: string): JobName[] {
  return text.split('\n', MAX_ROWS).flatMap((line) => {
    const [, id = '', user, name] = /^(\d{1,20})\|([^|]*)\|(.*)$/.exec(line.trim()) ?? [];
    return id === '' ? [] : [{ id, user: cleanWord(user, 100), name: cleanWord(name, 200) }];
  });
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
