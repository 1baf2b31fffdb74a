import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClaims, withAllocations } from './allocations.ts';
import { parseJobLine } from './scontrol-jobs.ts';
import { countGresGpus, parseGpuIndexes, parseNodeLine } from './scontrol-nodes.ts';
import { parseClusterName } from './slurm-place.ts';

/** Lines in the form of `scontrol -d -o` of Slurm 22.05 and of 23.11. */
const nodeLine = ({
  name = 'gpu7',
  gres = 'gpu:a100:4(S:0-1)',
  used = 'gpu:a100:2(IDX:0,3)',
  state = 'MIXED',
  end = '',
} = {}) =>
  `NodeName=${name} Arch=x86_64 CoresPerSocket=32  CPUAlloc=16 CPUEfctv=64 CPUTot=64 CPULoad=3.10 AvailableFeatures=a100 ActiveFeatures=a100 Gres=${gres} GresDrain=N/A GresUsed=${used} NodeAddr=10.0.0.7 NodeHostName=${name} Version=22.05.8 OS=Linux 5.14.0 #1 SMP Tue Nov 1  RealMemory=512000 AllocMem=64000 FreeMem=400000 Sockets=2 Boards=1 State=${state} ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=gpu,long  BootTime=2024-01-02T03:04:05 SlurmdStartTime=2024-01-02T03:05:05 LastBusyTime=2024-01-02T03:05:05 CfgTRES=cpu=64,mem=500G,billing=64,gres/gpu=4 AllocTRES=cpu=16,mem=62.5G CapWatts=n/a CurrentWatts=0 AveWatts=0 ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s${end}`;

interface Job {
  head?: string;
  name?: string;
  user?: string;
  state?: string;
  places?: string;
  end?: string;
}
const PLACE = '  Nodes=gpu7 CPU_IDs=0-7 Mem=32000 GRES=gpu:a100:2(IDX:0,3)';
const jobLine = ({
  head = 'JobId=4711',
  name = 'train',
  user = 'ann(2001)',
  state = 'RUNNING',
  places = PLACE,
  end = '',
}: Job = {}) =>
  `${head} JobName=${name} UserId=${user} GroupId=staff(100) MCS_label=N/A Priority=4294901757 Nice=0 Account=(null) QOS=(null) JobState=${state} Reason=None Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 DerivedExitCode=0:0 RunTime=00:01:00 TimeLimit=01:00:00 TimeMin=N/A SubmitTime=2024-01-02T03:04:05 EligibleTime=2024-01-02T03:04:05 AccrueTime=2024-01-02T03:04:05 StartTime=2024-01-02T03:04:05 EndTime=2024-01-02T04:04:05 Deadline=N/A SuspendTime=None SecsPreSuspend=0 LastSchedEval=2024-01-02T03:04:05 Scheduler=Main Partition=gpu AllocNode:Sid=login1:123 ReqNodeList=(null) ExcNodeList=(null) NodeList=gpu7 BatchHost=gpu7 NumNodes=1 NumCPUs=8 NumTasks=1 CPUs/Task=8 ReqB:S:C:T=0:0:*:* TRES=cpu=8,mem=32000M,node=1,billing=8,gres/gpu=2 Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=* JOB_GRES=gpu:a100:2 ${places} MinCPUsNode=8 MinMemoryNode=32000M MinTmpDiskNode=0 Features=(null) DelayBoot=00:00:00 OverSubscribe=OK Contiguous=0 Licenses=(null) Network=(null) Command=/home/ann/run.sh WorkDir=/home/ann StdErr=/dev/null StdIn=/dev/null StdOut=/dev/null Power= TresPerJob=gres:gpu:2${end}`;

describe('nodes of Slurm', () => {
  it('have state, partitions, GPUs, and those that are taken', () => {
    expect(parseNodeLine(nodeLine())).toEqual({
      name: 'gpu7',
      hostname: 'gpu7',
      state: 'MIXED',
      reason: null,
      partitions: ['gpu', 'long'],
      reservation: null,
      gpuCount: 4,
      usedGpus: [0, 3],
    });
  });

  it('say why they are drained, and which reservation has them', () => {
    const reason = ' Reason=broken fan, State=IDLE Partitions=no [root@2024-01-02T03:04:05]';
    expect(parseNodeLine(nodeLine({ state: 'IDLE+DRAIN', end: reason }))).toMatchObject({
      state: 'IDLE+DRAIN',
      reason: 'broken fan, State=IDLE Partitions=no [root@2024-01-02T03:04:05]',
      partitions: ['gpu', 'long'],
      reservation: null,
    });
    const both = ' Comment=rack 3 Reason=bios [ops@2024-01-02T03:04:05] ReservationName=maint';
    expect(parseNodeLine(nodeLine({ end: both }))).toMatchObject({
      reason: 'bios [ops@2024-01-02T03:04:05]',
      reservation: 'maint',
    });
    expect(parseNodeLine(nodeLine({ end: ' ReservationName=maint' }))?.reservation).toBe('maint');
  });

  it('without GPUs, and of a Slurm that does not tell which are taken', () => {
    expect(parseNodeLine(nodeLine({ gres: '(null)', used: 'gpu:0' }))).toMatchObject({
      gpuCount: 0,
      usedGpus: [],
    });
    expect(parseNodeLine(nodeLine().replace(/ GresUsed=\S+/, ''))?.usedGpus).toBeNull();
    // As where gres.conf names no cores.
    expect(parseNodeLine(nodeLine({ gres: 'gpu:4', used: 'gpu:2' }))?.usedGpus).toBeNull();
    expect(parseNodeLine(nodeLine({ gres: 'gpu:4', used: 'gpu:0' }))?.usedGpus).toEqual([]);
    expect(parseNodeLine(nodeLine({ gres: 'gpu:4', used: 'gpu:4' }))?.usedGpus).toEqual([0, 1, 2, 3]);
    expect(parseNodeLine('slurm_load_nodes error: Unable to contact slurm controller')).toBeNull();
  });

  it.each([
    ['gpu:4', 4],
    ['gpu:a100:4(S:0-1)', 4],
    ['gpu:a100:2,gpu:4090:6,lustre:1', 8],
    ['shard:8', 0],
    ['(null)', 0],
  ])('count the GPUs of %s', (gres, count) => expect(countGresGpus(gres)).toBe(count));

  it.each([
    ['gpu:1(IDX:0)', [0]],
    ['gpu:a100:2(IDX:0-1),gpu:v100:1(IDX:4)', [0, 1, 4]],
    ['gpu:a100:0(IDX:N/A)', []],
    ['gpu:2(IDX:0,2),shard:a100:3(1/4,2/4)', [0, 2]],
    ['shard:3(IDX:1)', []],
  ])('find the indexes of %s', (gres, indexes) => expect(parseGpuIndexes(gres)).toEqual(indexes));
});

describe('jobs of Slurm', () => {
  it('have GPUs on each of their nodes', () => {
    const places =
      '  Nodes=gpu[7-8] CPU_IDs=0-7 Mem=32000 GRES=gpu:a100:2(IDX:0-1)   Nodes=gpu9 CPU_IDs=0 Mem=0 GRES=gpu:1(IDX:3)  ';
    expect(parseJobLine(jobLine({ places }))).toEqual({
      number: '4711',
      id: '4711',
      user: 'ann',
      places: [
        { node: 'gpu7', gpus: [0, 1] },
        { node: 'gpu8', gpus: [0, 1] },
        { node: 'gpu9', gpus: [3] },
      ],
    });
  });

  it('of arrays are called by array and index, also the one that has the array’s number', () => {
    const head = (number: number, task: string) =>
      `JobId=${number} ArrayJobId=9 ArrayTaskId=${task} ArrayTaskThrottle=2`;
    expect(parseJobLine(jobLine({ head: head(11, '1') }))).toMatchObject({ number: '11', id: '9_1' });
    expect(parseJobLine(jobLine({ head: head(9, '2') }))).toMatchObject({ number: '9', id: '9_2' });
    expect(parseJobLine(jobLine({ head: head(9, '3-8%2') }))?.id).toBe('9');
  });

  it('that wait, have ended or have no GPU hold none', () => {
    for (const state of ['PENDING', 'COMPLETED', 'CANCELLED', 'TIMEOUT'])
      expect(parseJobLine(jobLine({ state })), state).toBeNull();
    expect(parseJobLine(jobLine({ state: 'COMPLETING' }))).not.toBeNull();
    expect(parseJobLine(jobLine({ places: '  Nodes=gpu7 CPU_IDs=0 Mem=0 GRES=' }))).toBeNull();
    expect(parseJobLine('No jobs in the system')).toBeNull();
  });

  it('hold nothing by their names and comments', () => {
    const fake = 'Nodes=gpu8 CPU_IDs=0 Mem=0 GRES=gpu:4(IDX:0-3) MinCPUsNode=1';
    const whole = ` UserId=root(0) GroupId=root(0) MCS_label=N/A JobState=RUNNING Reason=None ${fake}`;
    const honest = parseJobLine(jobLine());
    expect(parseJobLine(jobLine({ name: `x ${fake}` }))).toEqual(honest);
    expect(parseJobLine(jobLine({ end: ` Comment=x ${fake}` }))).toEqual(honest);
    expect(parseJobLine(jobLine({ name: `x${whole}` }))).toBeNull();
    expect(parseJobLine(jobLine({ end: ` Comment=x${whole}` }))).toBeNull();
  });

  it('never throw', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(' Nodes=', ' GRES=gpu:1(IDX:', ' UserId=a(1) GroupId=b MCS_label='),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        parseJobLine(`JobId=1 JobName=${words.join('')}`);
        parseNodeLine(`NodeName=a ${words.join('')}`);
      }),
    );
  });
});

describe('nodes with their jobs', () => {
  const node = parseNodeLine(nodeLine());
  if (node === null) throw new Error('the line is a node’s');
  const job = parseJobLine(jobLine());
  if (job === null) throw new Error('the line is a job’s');

  it('say whose each GPU is', () => {
    const claims = createClaims();
    claims.add(job);
    expect(withAllocations(node, claims).allocations).toEqual([
      { gpus: [0, 3], number: '4711', id: '4711', user: 'ann' },
    ]);
  });

  it('are believed, not the jobs, about which are taken', () => {
    const nobodys = { gpus: [0, 3], number: null, id: null, user: null };
    expect(withAllocations(node, createClaims()).allocations).toEqual([nobodys]);
    const claims = createClaims();
    claims.add(job);
    claims.add({
      ...job,
      number: '1',
      id: '1',
      user: 'mallory',
      places: [{ node: 'gpu7', gpus: [0, 1, 2, 3] }],
    });
    expect(withAllocations(node, claims).allocations).toEqual([nobodys]);
    expect(
      withAllocations({ ...node, usedGpus: null }, claims)
        .allocations.flatMap(({ gpus }) => gpus)
        .sort(),
    ).toEqual([0, 1, 2, 3]);
  });
});

it('a cluster’s name stands in slurm.conf and in what scontrol says of it', () => {
  expect(parseClusterName('# ClusterName=old\nClusterName=fleet # ours\n')).toBe('fleet');
  expect(parseClusterName('clustername = big-1\n')).toBe('big-1');
  expect(parseClusterName('Configuration data as of 2024\nClusterName             = fleet\n')).toBe('fleet');
  expect(parseClusterName('SlurmctldHost=n1\n')).toBeNull();
});
