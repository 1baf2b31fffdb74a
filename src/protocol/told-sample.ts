import type { Sample } from './sample.ts';

type Told<Table, Key extends keyof Table> = Pick<Table, Key> & Partial<Table>;
type Of<Name extends keyof Sample> = NonNullable<Sample[Name]>;

/** A sample as a monitor makes it: columns of which nothing is known are left out. One that was read has them all. */
export type ToldSample = Omit<Sample, 'gpus' | 'gpuProcesses' | 'jobs'> & {
  gpus: Told<Of<'gpus'>, 'index'> | null;
  gpuProcesses: Told<Of<'gpuProcesses'>, 'pid' | 'gpuIndex'> | null;
  jobs: Told<Of<'jobs'>, 'key'> | null;
};
