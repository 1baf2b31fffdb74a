import { type JobKind, jobKey } from '../../protocol/job-kinds.ts';

/** What a process belongs to, as far as one look tells. */
export interface JobIdentity {
  kind: JobKind;
  id: string;
  /** Where it is known without asking anybody: a unit's or container's own name. */
  name: string | null;
  /** Owner of the job as the path says it; null where only the processes' own users are known. */
  uid: number | null;
  /** Of Slurm 26.05 and later: the id is a SLUID, and the number that people know is to be looked up. */
  isSluid?: boolean;
}

/** Keys have room for 300 characters; paths of control groups may be 4,096 bytes long. */
const MAX_ID_LENGTH = 200;

/** Users choose some of these words, and a control character takes six bytes of JSON. */
export function cleanId(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_ID_LENGTH);
}

const MAX_NAME_LENGTH = 200;

const cleanName = (text: string) => text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?').slice(0, MAX_NAME_LENGTH);

/** An identity with id and name made harmless and short. */
export function identify(
  kind: JobKind,
  id: string,
  more: Partial<Omit<JobIdentity, 'kind' | 'id'>> = {},
): JobIdentity {
  const name = more.name ? cleanName(more.name) : null;
  return { uid: null, ...more, name, kind, id: cleanId(id) };
}

/** As in `JobFacts`. */
export const keyOf = ({ kind, id }: Pick<JobIdentity, 'kind' | 'id'>) => jobKey(kind, id);
