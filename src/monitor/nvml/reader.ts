import { MAX_GPU_PROCESSES } from '../../protocol/constants.ts';
import type { GpuFacts } from '../../protocol/gpu-facts.ts';
import type { GpuSample } from '../../protocol/sample.ts';
import type { GpuProcessReading } from '../gpus/provider.ts';
import { type Device, type KnownAddresses, listDevices } from './devices.ts';
import { readDriverFacts, readGpuFacts } from './gpu-facts.ts';
import { createGpuFigureReader, type GpuFigureReader } from './gpu-figures.ts';
import { describeCode, type ForeignFunctions, type Nvml, nvmlCodes, openNvml } from './library.ts';
import { PCIE_WINDOW_MS } from './pcie-traffic.ts';
import { createDeviceProcessReader, type DeviceProcessReader } from './processes.ts';

/** What one look at the GPUs gives. */
export interface NvmlReading {
  /** Only with the looks that read what changes seldom. */
  facts: GpuFacts[] | null;
  gpus: GpuSample[];
  processes: GpuProcessReading[];
}

export interface NvmlReader {
  /** Throws with the driver's reason where it does not answer for any GPU. */
  read(): NvmlReading;
}

/** Facts, and who is there at all, are looked at so often. */
const FACTS_EVERY_MS = 10_000;

const TRAFFIC_EVERY_MS = 5_000;

type GpuIdentity = Pick<GpuFacts, 'uuid' | 'name' | 'memoryTotalBytes'>;

/** Loads and initializes the library. Throws with its reason where that is not possible. */
export function createNvmlReader(
  foreign: ForeignFunctions,
  path: string,
  monotonicMs: () => number,
  pause: (ms: number) => void,
): NvmlReader {
  let worstCode: number = nvmlCodes.success;
  const nvml = openNvml(foreign, path, (code) => {
    if (code === nvmlCodes.gpuIsLost || code === nvmlCodes.resetRequired) worstCode = code;
    else if (code === nvmlCodes.unknown && worstCode === nvmlCodes.success) worstCode = code;
  });
  initialize(nvml);
  const driver = readDriverFacts(nvml);
  const addresses: KnownAddresses = new Map();
  const figureReaders = new Map<string, GpuFigureReader>();
  const processReaders = new Map<string, DeviceProcessReader>();
  let devices: Device[] = [];
  let factsDueMs = Number.NEGATIVE_INFINITY;
  let trafficDueMs = Number.NEGATIVE_INFINITY;
  const identities = new Map<string, GpuIdentity>();

  /** What remembers counters stays with the device, whatever index it has later. */
  function readerOf<Reader>(readers: Map<string, Reader>, device: Device, create: () => Reader): Reader {
    const key = `${device.pciAddress} ${device.migInstance}`;
    const reader = readers.get(key) ?? create();
    readers.set(key, reader);
    return reader;
  }

  const figureReaderOf = (device: Device) =>
    readerOf(figureReaders, device, () => createGpuFigureReader(nvml, monotonicMs));

  function readRow(device: Device, nowMs: number): GpuSample {
    worstCode = nvmlCodes.success;
    const figures = figureReaderOf(device).read(device, nowMs);
    // Many a driver says "unknown error" to one odd question; to all of them, only a sick one.
    const isSick = figures.memoryUsedBytes === null && figures.temperatureCelsius === null;
    const code = worstCode === nvmlCodes.unknown && !isSick ? nvmlCodes.success : worstCode;
    const trouble = device.trouble ?? troubleOf(code);
    // A lost GPU must be opened anew once it is back.
    if (trouble !== null) factsDueMs = Number.NEGATIVE_INFINITY;
    return { index: device.index, health: 'ok', error: null, ...trouble, ...figures };
  }

  function readProcesses(nowMs: number): GpuProcessReading[] {
    const parents = new Set(devices.map(({ parent }) => parent?.index));
    return devices
      .filter(({ index }) => !parents.has(index))
      .flatMap((device) =>
        readerOf(processReaders, device, () => createDeviceProcessReader(nvml)).read(device, nowMs),
      )
      .slice(0, MAX_GPU_PROCESSES);
  }

  /** A GPU that is lost tells no name any more. */
  function readFacts(device: Device): GpuFacts {
    const facts = readGpuFacts(nvml, driver, device);
    if (facts.pciAddress === null || device.parent !== null) return facts;
    if (facts.uuid === null) return { ...facts, ...identities.get(facts.pciAddress) };
    const { uuid, name, memoryTotalBytes } = facts;
    identities.set(facts.pciAddress, { uuid, name, memoryTotalBytes });
    return facts;
  }

  /** One wait for all GPUs. */
  function beginTraffic(nowMs: number): void {
    if (nowMs < trafficDueMs || devices.length === 0) return;
    trafficDueMs = nowMs + TRAFFIC_EVERY_MS;
    for (const device of devices) figureReaderOf(device).beginTraffic(device);
    pause(PCIE_WINDOW_MS);
  }

  return {
    read() {
      const nowMs = monotonicMs();
      const withFacts = nowMs >= factsDueMs;
      if (withFacts) {
        devices = listDevices(nvml, addresses);
        factsDueMs = nowMs + FACTS_EVERY_MS;
      }
      const facts = withFacts ? devices.map(readFacts) : null;
      beginTraffic(nowMs);
      // Rates are of the moment at which their counters are read, which may be after the wait.
      const readMs = monotonicMs();
      return {
        facts,
        gpus: devices.map((device) => readRow(device, readMs)),
        processes: readProcesses(nowMs),
      };
    },
  };
}

/** Without GPUs too: a node may get one later, and a driver without devices is no fault of the library. */
const INIT_NO_GPUS = 1;

function initialize(nvml: Nvml): void {
  const code = nvml.call('nvmlInitWithFlags', ['number'], INIT_NO_GPUS);
  const done = code === nvmlCodes.functionNotFound ? nvml.call('nvmlInit_v2', []) : code;
  if (done !== nvmlCodes.success) throw new NvmlError(done);
}

/** The library refused as a whole. */
export class NvmlError extends Error {
  readonly code: number;

  constructor(code: number) {
    super(describeCode(code));
    this.name = 'NvmlError';
    this.code = code;
  }
}

function troubleOf(code: number): { health: 'lost' | 'error'; error: string } | null {
  if (code === nvmlCodes.success) return null;
  return { health: code === nvmlCodes.gpuIsLost ? 'lost' : 'error', error: describeCode(code) };
}
