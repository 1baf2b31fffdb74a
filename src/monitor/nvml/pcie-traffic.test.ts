import { describe, expect, it } from 'vitest';
import { fullCard, nvmlCard, useNvmlReaders } from '../../../test/support/nvml-reader.ts';
import { canCompile } from '../../../test/support/nvml-stand-in.ts';

describe.runIf(canCompile)('traffic over PCIe', () => {
  const nvml = useNvmlReaders();

  it('measures the traffic over PCIe within a moment, as its counters start anew many times a second', () => {
    nvml.write({ gpus: [nvmlCard(0, fullCard)] });
    let pauses = 0;
    const reader = nvml.open({
      onPause: (ms) => {
        pauses++;
        nvml.pass(ms);
        // 4,294,967,000 + 4,000 is 3,704 beyond 2^32.
        nvml.write({ gpus: [nvmlCard(0, { ...fullCard, 'pcie-bytes': '3704 1000001000' })] });
      },
    });
    const measured = { pcieTransmitBytesPerSecond: 200_000, pcieReceiveBytesPerSecond: 50_000_000_000 };
    expect(reader.read().gpus[0]).toMatchObject(measured);
    nvml.pass(1_000);
    expect(reader.read().gpus[0]).toMatchObject(measured);
    expect(pauses).toBe(1);
    nvml.pass(5_000);
    expect(reader.read().gpus[0]).toMatchObject({ pcieTransmitBytesPerSecond: 0 });
    nvml.pass(5_000);
    const late = nvml.open({
      onPause: () => {
        nvml.pass(40);
      },
    });
    expect(late.read().gpus[0]).toMatchObject({ pcieTransmitBytesPerSecond: null });
  });

  it('takes PCIe’s throughput as the driver measures it where there are no counters', () => {
    const { 'pcie-bytes': _counters, ...older } = fullCard;
    nvml.write({ gpus: [nvmlCard(0, { ...older, 'pcie-throughput': '1500 2500' })] });
    const reader = nvml.open();
    const pcie = { pcieTransmitBytesPerSecond: 1_500_000, pcieReceiveBytesPerSecond: 2_500_000 };
    expect(reader.read().gpus[0]).toMatchObject(pcie);
    nvml.pass(1_000);
    nvml.write({
      gpus: [nvmlCard(0, { ...older, 'pcie-throughput': '7 8', temperature: '44' })],
    });
    // It takes the driver 20 ms and more: asked seldom, unlike the temperature.
    expect(reader.read().gpus[0]).toMatchObject({ ...pcie, temperatureCelsius: 44 });
    nvml.pass(5_000);
    expect(reader.read().gpus[0]).toMatchObject({ pcieTransmitBytesPerSecond: 7_000 });
  });

  it('counts the wait for PCIe into the time of the other counters', () => {
    nvml.write({ gpus: [nvmlCard(0, fullCard)] });
    const reader = nvml.open({
      onPause: (ms) => {
        nvml.pass(ms);
      },
    });
    reader.read();
    nvml.pass(4_900);
    reader.read();
    nvml.pass(180);
    nvml.write({ gpus: [nvmlCard(0, { ...fullCard, nvlink: '17 18 1200 2000' })] });
    // 20 ms of the 200 passed within the look.
    expect(reader.read().gpus[0]?.nvlinkTransmitBytesPerSecond).toBe(1000 * 1024);
  });
});
