import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NodeReport } from '../../src/report/node-report.ts';
import { createHeadProcess, type HeadProcess } from '../head-process.ts';
import { canCompile, compileNvml, type NvmlScenario, writeNvmlScenario } from '../support/nvml-stand-in.ts';
import { addAccount, nodeRoot, writeNodeFile } from './accounts.ts';
import { sshConfig } from './faulty-nodes.ts';
import { createWorkFolder, fleet, requireFleet } from './fleet.ts';

const card = { uuid: 'GPU-0', pciAddress: '00000000:40:00.0', name: 'NVIDIA H100 80GB HBM3' };
const BUSY: NvmlScenario = {
  gpus: [{ ...card, utilizationPercent: 87, more: { reasons: '0x4' } }],
  processes: [{ gpu: 0, pid: 1, memoryMiB: 512, sm: 40 }],
};
/** Every place where the helper may lay down its addon. */
const PLACES = ['/tmp', '/dev/shm', '/var/tmp', '/home/gpu-sealed'];

/** NVML on real nodes: shipped, used, stuck, and where it cannot be loaded. */
describe.runIf(fleet && canCompile)('NVML on a node', () => {
  const folder = fleet ? createWorkFolder() : { path: '', remove: () => undefined };
  let head: HeadProcess;
  let before = '';
  const helpers = async (node: number) => {
    const { exec } = requireFleet();
    const found = await exec(node, 'pgrep -f "^rollcall-nvml" || true');
    return found.trim().split('\n').filter(Boolean);
  };
  const files = (node: number) =>
    requireFleet().exec(
      node,
      `find ${PLACES.join(' ')} -xdev -type f ! -name "monitor-*" 2>/dev/null | sort`,
    );
  const write = (node: number, scenario: NvmlScenario) => {
    writeNvmlScenario(join(folder.path, 'scenario'), scenario);
    writeNodeFile(node, '/opt/nvml/scenario', readFileSync(join(folder.path, 'scenario')));
  };
  const report = async (name: string): Promise<NodeReport> => {
    const found = await head.node(name);
    if (found === null) throw new Error(`${name} is not in the list`);
    return found;
  };
  const seen = (name: string, look: (node: NodeReport) => void, timeout = 30_000) =>
    vi.waitFor(async () => look(await report(name)), { timeout, interval: 100 });

  beforeAll(async () => {
    const { address, exec } = requireFleet();
    const built = mkdtempSync(join(tmpdir(), 'nvml-'));
    compileNvml(built);
    const library = readFileSync(join(built, 'libnvidia-ml.so.1'));
    rmSync(built, { recursive: true });
    for (const node of [1, 2]) {
      writeNodeFile(node, '/opt/nvml/libnvidia-ml.so.1', library);
      write(node, BUSY);
    }
    const profile = [
      'PATH=$HOME/bin:$PATH',
      'export LD_LIBRARY_PATH=/opt/nvml NVML_SCENARIO=/opt/nvml/scenario',
      'export NVIDIA_SMI_SCENARIO=/opt/nvml/smi.json',
    ].join('\n');
    addAccount(1, { name: 'gpu', files: { '.bashrc': profile } });
    const tool = readFileSync(new URL('../stand-ins/nvidia-smi', import.meta.url), 'utf8');
    addAccount(2, { name: 'gpu-sealed', files: { '.bashrc': profile } });
    // Programs may not run from where the addon could lie; the tool lies elsewhere.
    writeNodeFile(2, '/usr/bin/nvidia-smi', tool);
    const gpu = { index: 0, uuid: 'GPU-0', 'pci.bus_id': card.pciAddress, 'utilization.gpu': 33 };
    writeNodeFile(2, '/opt/nvml/smi.json', JSON.stringify({ gpus: [gpu] }));
    for (const place of PLACES)
      await exec(2, `mount --bind ${place} ${place}; mount -o remount,bind,noexec ${place}`);
    before = await files(1);
    const config = join(folder.path, 'ssh_config');
    writeFileSync(
      config,
      sshConfig({
        with: [`HostName ${address(1)}`, 'User gpu'],
        sealed: [`HostName ${address(2)}`, 'User gpu-sealed'],
      }),
    );
    head = createHeadProcess(config, 'interval-seconds = 1\n');
    head.writeList('with\nsealed\n');
    const { code, stderr } = await head.start();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }, 90_000);
  afterAll(async () => {
    await head?.dispose();
    if (fleet) {
      const { exec } = requireFleet();
      for (const place of PLACES) await exec(2, `umount ${place} || true`);
      for (const node of [1, 2]) rmSync(join(nodeRoot(node), 'opt/nvml'), { recursive: true, force: true });
      rmSync(join(nodeRoot(2), 'usr/bin/nvidia-smi'), { force: true });
    }
    folder.remove();
  });

  it('is read by one helper that the head sent, and leaves nothing on disk', async () => {
    await seen('with', ({ hello, sample }) => {
      expect(hello?.nvmlFor).toBe(process.arch);
      // A figure that the stand-in for nvidia-smi does not have.
      expect(sample?.gpus).toMatchObject([
        { utilizationPercent: 87, throttleReasons: 'sw_power_cap', uuid: 'GPU-0', cudaVersion: '13.0' },
      ]);
      expect(sample?.gpuProcesses).toMatchObject([{ pid: 1, gpuUtilizationPercent: 40 }]);
    });
    expect(await helpers(1)).toHaveLength(1);
    expect(await files(1)).toBe(before);
  });

  it('gives way to nvidia-smi where no folder lets the addon run', async () => {
    await seen('sealed', ({ sample }) => expect(sample?.gpus).toMatchObject([{ utilizationPercent: 33 }]));
    const { logPath } = await report('sealed');
    const log = await requireFleet().exec(2, 'cat /tmp/monitor-sealed.log');
    expect(log).toMatch(/NVML is not used: \/tmp: .*(?:failed to map|Operation not permitted)/);
    expect(logPath).not.toBeNull();
    expect(await helpers(2)).toEqual([]);
  });

  it('that hangs is told, with all other figures, and no second helper', async () => {
    const [pid] = await helpers(1);
    write(1, { ...BUSY, lines: ['hang nvmlDeviceGetUtilizationRates'] });
    await seen('with', ({ state, sample }) => {
      expect(sample?.collectors.gpus.error).toMatch(/NVML has not answered for \d+ s/);
      expect(sample?.gpus).toMatchObject([{ health: 'error', utilizationPercent: null }]);
      expect(state).toBe('live');
      expect(sample?.collectors.cpu.ok).toBe(true);
    });
    expect(await helpers(1)).toEqual([pid]);
    const { sample } = await report('with');
    await seen('with', (later) => expect(later.sample?.sequence).toBeGreaterThan(sample?.sequence ?? 0));
  });

  it('leaves no helper behind, stuck or not', async () => {
    const { code } = await head.kill();
    expect(code).toBe(0);
    await vi.waitFor(async () => expect(await helpers(1)).toEqual([]), { timeout: 10_000, interval: 100 });
  });
});
