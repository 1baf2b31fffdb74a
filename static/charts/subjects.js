// Which figures make one chart.

/** @import { RecentGroup, RecentUnit } from '../../src/report/series.ts' */
/**
 * @typedef {object} Subject
 * @property {string} title
 * @property {RecentGroup} group
 * @property {RecentUnit | 'cores'} unit
 * @property {number | null} max the end of its scale where that is known
 * @property {(key: string) => boolean} has whether a series of this key belongs to it
 */

/**
 * @param {string} figure
 * @param {string} title
 * @param {RecentUnit} unit
 * @param {number | null} [max]
 * @returns {Subject}
 */
const gpu = (figure, title, unit, max = null) => ({
  title,
  group: 'gpus',
  unit,
  max,
  has: (key) => key.startsWith('gpu.') && key.endsWith(`.${figure}`),
});

/**
 * @param {string} figure
 * @param {string} title
 * @param {RecentUnit | 'cores'} unit
 * @returns {Subject}
 */
const job = (figure, title, unit) => ({
  title,
  group: 'jobs',
  unit,
  max: null,
  has: (key) => key.startsWith('job.') && key.endsWith(`.${figure}`),
});

/**
 * @param {string[]} keys
 * @param {string} title
 * @param {RecentGroup} group
 * @param {RecentUnit} unit
 * @param {number | null} [max]
 * @returns {Subject}
 */
const machine = (keys, title, group, unit, max = null) => ({
  title,
  group,
  unit,
  max,
  has: (key) => keys.includes(key),
});

export const SUBJECTS = [
  gpu('utilization', 'GPU utilization', 'percent', 100),
  gpu('memory', 'GPU memory', 'bytes'),
  gpu('temperature', 'GPU temperature', 'celsius'),
  gpu('power', 'GPU power', 'watts'),
  machine(['cpu'], 'CPU', 'cpu', 'percent', 100),
  machine(['memory', 'swap'], 'Memory', 'memory', 'bytes'),
  machine(['network.receive', 'network.transmit'], 'Network', 'network', 'bytesPerSecond'),
  machine(['disks.read', 'disks.write'], 'Disks', 'disks', 'bytesPerSecond'),
  machine(['disks.busy'], 'Busiest disk', 'disks', 'percent', 100),
  job('cpu', 'CPU of jobs, each with all its processes', 'cores'),
  job('resident', 'Memory of jobs', 'bytes'),
  job('gpuMemory', 'GPU memory of jobs', 'bytes'),
];
