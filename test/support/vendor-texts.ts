/** What the vendors' tools print, written in their formats for the stand-in `vendor-tool`. Two GPUs each. */

export interface VendorScenario {
  tool: string;
  vendor: string;
  /** What the stand-in is told, for a first GPU that is so busy. */
  scenario(utilizationPercent: number): object;
  /** The first GPU's row, in parts. */
  facts: object;
  sample: object;
  gpuCount: number;
  processes: object[];
}

const GIBIBYTE = 1024 ** 3;
const MEBIBYTE = 1024 ** 2;
const value = (number: number, unit: string) => ({ value: number, unit });

const amdStatic = [0, 1].map((gpu) => ({
  gpu,
  asic: { market_name: 'AMD Instinct MI300X', asic_serial: `0x${gpu}A` },
  bus: { bdf: `0000:0${gpu + 3}:00.0`, max_pcie_width: 16, max_pcie_speed: value(32, 'GT/s') },
  limit: {
    max_power: value(750, 'W'),
    socket_power: value(700, 'W'),
    slowdown_hotspot_temperature: value(100, 'C'),
  },
  driver: { name: 'amdgpu', version: '6.12.12' },
  ras: { ecc_block_state: { UMC: 'ENABLED' } },
}));

const amdMetric = (busy: number) =>
  [0, 1].map((gpu) => ({
    gpu,
    usage: {
      gfx_activity: value(gpu === 0 ? busy : 0, '%'),
      umc_activity: value(7, '%'),
      vcn_activity: ['N/A'],
    },
    power: { socket_power: value(142, 'W'), throttle_status: 'UNTHROTTLED' },
    temperature: { edge: 'N/A', hotspot: value(61, 'C'), mem: value(58, 'C') },
    clock: { gfx_0: { clk: value(1420, 'MHz'), max_clk: value(2100, 'MHz') } },
    ecc: { total_correctable_count: 3, total_uncorrectable_count: 0 },
    pcie: { width: 16, speed: value(32, 'GT/s') },
    mem_usage: {
      total_vram: value(196608, 'MB'),
      used_vram: value(1024, 'MB'),
      free_vram: value(195584, 'MB'),
    },
  }));

const amdProcess = [
  {
    gpu: 0,
    process_list: [
      { process_info: { name: 'python', pid: 4242, memory_usage: { vram_mem: value(GIBIBYTE, 'B') } } },
    ],
  },
  { gpu: 1, process_list: [{ process_info: 'No running processes detected' }] },
];

const rocmCard = (index: number, busy: number) => ({
  'Device Name': 'Instinct MI210',
  'Unique ID': `0xab${index}`,
  'Temperature (Sensor edge) (C)': '41.0',
  'Temperature (Sensor memory) (C)': '53.0',
  'Average Graphics Package Power (W)': '41.0',
  'Max Graphics Package Power (W)': '300.0',
  'GPU use (%)': String(busy),
  'GPU Memory Read/Write Activity (%)': '2',
  'GPU Memory Allocated (VRAM%)': '9',
  'sclk clock speed:': '(800Mhz)',
  'pcie clock level': '1 (16.0GT/s x16)',
  'PCI Bus': `0000:C${index}:00.0`,
  'VRAM Total Memory (B)': String(64 * GIBIBYTE),
  'VRAM Total Used Memory (B)': String(GIBIBYTE),
});

const hygonCard = (busy: number) => ({
  'Card Series': 'K100',
  'Unique ID': '71aa',
  'Average Graphics Package Power (W)': '80.0',
  'Temperature (Sensor edge) (C)': '41.0',
  'DCU use (%)': String(busy),
  'vram Total Memory (MiB)': '65536',
  'vram Total Used Memory (MiB)': '1024',
});

const npuBoxes = (
  busy: number,
) => `+------------------------------------------------------------------------------+
| npu-smi 24.1.0                   Version: 24.1.0                             |
+---------------------------+---------------+----------------------------------+
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+==================================+
| 0     910B3               | OK            | 93.1        44                0    / 0             |
| 0                         | 0000:C1:00.0  | ${busy}          0    / 0          1024 / 65536         |
+===========================+===============+==================================+
| 1     910B3               | Alarm         | 90.0        40                0    / 0             |
| 0                         | 0000:81:00.0  | 0           0    / 0          512  / 65536         |
+===========================+===============+==================================+
+---------------------------+---------------+----------------------------------+
| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
+===========================+===============+==================================+
| 0       0                 | 4242          | python                   | 1024                    |
+===========================+===============+==================================+
| No running processes found in NPU 1                                          |
+===========================+===============+==================================+
`;

const hlHeader =
  'index, name, uuid, bus_id, driver_version, temperature.aip [C], utilization.aip [%], memory.total [MiB], memory.used [MiB], memory.free [MiB], power.draw [W]';
const hlLine = (index: number, busy: number) =>
  `${index}, HL-225, 01P0-HL2080A0-${index}, 0000:1${index}:00.0, 1.18.0-ee698fb, 30, ${busy}, 98304, 1024, 97280, 103`;

const xpuHeader =
  'Timestamp, DeviceId, GPU Utilization (%), GPU Power (W), GPU Frequency (MHz), GPU Core Temperature (Celsius Degree), GPU Memory Temperature (Celsius Degree), GPU Memory Used (MiB)';
const xpuLine = (index: number, busy: number) =>
  `06:14:46.000,    ${index}, ${busy}.00, 118.87, 1550,  N/A, 44.00, 1024.00`;
const xpuDevice = (index: number) => ({
  device_id: index,
  device_name: 'Intel(R) Data Center GPU Max 1550',
  pci_bdf_address: `0000:2${index}:00.0`,
  uuid: `00000000-0000-000${index}`,
});

export const vendorScenarios: VendorScenario[] = [
  {
    tool: 'amd-smi',
    vendor: 'AMD',
    scenario: (busy) => ({
      answers: {
        static: JSON.stringify({ gpu_data: amdStatic }),
        metric: `WARNING: the user is not in the group render\n${JSON.stringify(amdMetric(busy))}`,
        process: JSON.stringify(amdProcess),
      },
    }),
    gpuCount: 2,
    facts: {
      name: 'AMD Instinct MI300X',
      pciAddress: '00000000:03:00.0',
      memoryTotalBytes: 192 * GIBIBYTE,
      powerLimitWatts: 700,
      powerLimitMaxWatts: 750,
      slowdownCelsius: 100,
      smClockMaxMHz: 2100,
      pcieGenerationMax: 5,
      eccEnabled: true,
      eccVolatileCorrected: 3,
      driverVersion: '6.12.12',
    },
    sample: {
      memoryUtilizationPercent: 7,
      encoderPercent: null,
      memoryUsedBytes: GIBIBYTE,
      temperatureCelsius: 61,
      memoryTemperatureCelsius: 58,
      powerWatts: 142,
      smClockMHz: 1420,
      throttleReasons: '',
      pcieGeneration: 5,
      pcieWidth: 16,
    },
    processes: [{ pid: 4242, gpuIndex: 0, gpuMemoryBytes: GIBIBYTE }],
  },
  {
    tool: 'rocm-smi',
    vendor: 'AMD',
    scenario: (busy) => ({
      answers: {
        '--json': JSON.stringify({
          card0: rocmCard(0, busy),
          card1: rocmCard(1, 0),
          system: { 'Driver version': '6.3.6' },
        }),
      },
    }),
    gpuCount: 2,
    facts: {
      name: 'Instinct MI210',
      uuid: '0xab0',
      pciAddress: '00000000:c0:00.0',
      memoryTotalBytes: 64 * GIBIBYTE,
      powerLimitWatts: 300,
      driverVersion: '6.3.6',
    },
    sample: {
      memoryUtilizationPercent: 2,
      memoryUsedBytes: GIBIBYTE,
      memoryFreeBytes: 63 * GIBIBYTE,
      temperatureCelsius: 41,
      memoryTemperatureCelsius: 53,
      powerWatts: 41,
      smClockMHz: 800,
      pcieGeneration: 4,
      pcieWidth: 16,
    },
    processes: [],
  },
  {
    tool: 'hy-smi',
    vendor: 'Hygon',
    scenario: (busy) => ({
      answers: { '--json': JSON.stringify({ card0: hygonCard(busy), card1: hygonCard(0) }) },
    }),
    gpuCount: 2,
    facts: { name: 'K100', memoryTotalBytes: 64 * GIBIBYTE },
    sample: { memoryUsedBytes: GIBIBYTE, temperatureCelsius: 41, powerWatts: 80 },
    processes: [],
  },
  {
    tool: 'npu-smi',
    vendor: 'Huawei',
    scenario: (busy) => ({ answers: { info: npuBoxes(busy) } }),
    gpuCount: 2,
    facts: {
      name: 'Ascend 910B3',
      pciAddress: '00000000:c1:00.0',
      memoryTotalBytes: 64 * GIBIBYTE,
      driverVersion: '24.1.0',
    },
    sample: { memoryUsedBytes: GIBIBYTE, temperatureCelsius: 44, powerWatts: 93.1 },
    processes: [{ pid: 4242, gpuIndex: 0, gpuMemoryBytes: GIBIBYTE }],
  },
  {
    tool: 'hl-smi',
    vendor: 'Habana',
    scenario: (busy) => ({
      loop: '--query-aip',
      header: hlHeader,
      lines: [hlLine(0, busy), hlLine(1, 0)].join('\n'),
    }),
    gpuCount: 2,
    facts: { name: 'Gaudi HL-225', uuid: '01P0-HL2080A0-0', memoryTotalBytes: 96 * GIBIBYTE },
    sample: {
      memoryUsedBytes: GIBIBYTE,
      memoryFreeBytes: 95 * GIBIBYTE,
      temperatureCelsius: 30,
      powerWatts: 103,
    },
    processes: [],
  },
  {
    tool: 'xpu-smi',
    vendor: 'Intel',
    scenario: (busy) => ({
      answers: {
        'discovery -j': JSON.stringify({ device_list: [xpuDevice(0), xpuDevice(1)] }),
        'discovery -d 0': JSON.stringify({
          device_id: 0,
          memory_physical_size_byte: String(128 * GIBIBYTE),
          memory_ecc_state: 'enabled',
          driver_version: 'I915_24.1',
        }),
        'discovery -d 1': JSON.stringify({ device_id: 1 }),
      },
      loop: 'dump',
      header: xpuHeader,
      lines: [xpuLine(0, busy), xpuLine(1, 0)].join('\n'),
    }),
    gpuCount: 2,
    facts: {
      name: 'Intel(R) Data Center GPU Max 1550',
      pciAddress: '00000000:20:00.0',
      memoryTotalBytes: 128 * GIBIBYTE,
      eccEnabled: true,
      driverVersion: 'I915_24.1',
    },
    sample: {
      memoryUsedBytes: GIBIBYTE,
      memoryFreeBytes: 127 * GIBIBYTE,
      temperatureCelsius: null,
      memoryTemperatureCelsius: 44,
      powerWatts: 118.87,
      smClockMHz: 1550,
    },
    processes: [],
  },
  {
    tool: 'tegrastats',
    vendor: 'NVIDIA',
    scenario: (busy) => ({
      loop: '--interval',
      lines: `01-01-2025 10:00:00 RAM 4096/16384MB (lfb 8x2MB) SWAP 0/8192MB (cached 0MB) CPU [1%@729,off] EMC_FREQ 10%@2133 GR3D_FREQ ${busy}%@[621] NVDEC off cpu@50C gpu@48.5C tj@50C VDD_IN 9000mW/9000mW VDD_CPU_GPU_CV 2500mW/2400mW`,
    }),
    gpuCount: 1,
    facts: { unifiedMemory: true, memoryTotalBytes: 16 * GIBIBYTE },
    sample: {
      // The host's own figures, as /proc/meminfo of the test's node has them.
      memoryUsedBytes: 6 * GIBIBYTE,
      memoryFreeBytes: 10 * GIBIBYTE,
      memoryUtilizationPercent: 10,
      memoryClockMHz: 2133,
      smClockMHz: 621,
      temperatureCelsius: 48.5,
      powerWatts: 2.5,
    },
    processes: [],
  },
];

/** The host's memory on the test's node. */
export const hostMemoryText = `MemTotal:       ${(16 * GIBIBYTE) / 1024} kB\nMemFree:         ${MEBIBYTE} kB\nMemAvailable:   ${(10 * GIBIBYTE) / 1024} kB\n`;
