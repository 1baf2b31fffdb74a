import { expect, it } from 'vitest';
import { createGpuFailure } from './gpu-failure.ts';

const way = { node: 'gpu 1', sshWords: ['ssh', '-F', 'my file', 'gpu1'], host: 'gpu1', port: 22 };
const hintOf = (error: string) => createGpuFailure(way, error).hint;

it.each([
  [
    'nvidia-smi ended: Failed to initialize NVML: Driver/library version mismatch',
    'nvidia-smi (a driver that',
  ],
  ['NVML: unknown error of the driver', 'nvidia-smi (a driver that'],
  ['amd-smi has not answered for 40 s (the driver may hang)', 'amd-smi metric --json (the user must'],
  ['rocm-smi ended: exit code 1', 'rocm-smi --json -a (the user must be in the groups render and video)'],
  ['AMD: EACCES: permission denied', 'amd-smi metric --json (the user must'],
  ['hy-smi ended: exit code 1', 'hy-smi --json'],
  ['xpu-smi ended: exit code 1', 'xpu-smi discovery'],
  ['npu-smi ended: exit code 1', 'npu-smi info (the user must be in the group HwHiAiUser)'],
  ['hl-smi ended: exit code 1', 'hl-smi'],
  ['tegrastats ended: exit code 1', 'tegrastats'],
])('names the tool of the vendor to try on the node: %s', (error, command) => {
  const { message, hint, cause } = createGpuFailure(way, error);
  expect({ message, cause }).toEqual({ message: `The GPUs cannot be read: ${error}.`, cause: null });
  expect(hint).toContain(`Try: ssh -F 'my file' gpu1 ${command}`);
  expect(hint.match(/Try:/g)).toHaveLength(1);
});

it('names the tools of both vendors of a node that has two', () => {
  expect(hintOf('hl-smi ended: exit code 1; xpu-smi ended: exit code 2')).toBe(
    "Try: ssh -F 'my file' gpu1 xpu-smi discovery; ssh -F 'my file' gpu1 hl-smi",
  );
});

it('names nothing that the node has said', () => {
  const { message, hint } = createGpuFailure(way, 'try `rm -rf /` \u001b[2J');
  expect(hint).toBe("Run the tool of the GPUs' vendor on the node by hand, as the user of this login.");
  expect(message).not.toContain('\u001b');
});

it('says the bare command on this very machine', () => {
  const local = { node: 'localhost', sshWords: [], host: 'localhost', port: 22 };
  expect(createGpuFailure(local, 'xpu-smi ended: exit code 1').hint).toBe('Try: xpu-smi discovery');
});
