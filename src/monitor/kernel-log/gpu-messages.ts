import type { NodeEvent } from '../../protocol/events.ts';
import { normalPciAddress } from '../gpus/kernel/pci-address.ts';

/** What a kernel message says about a GPU; its time and jobs are added by others. */
export type GpuMessage = Pick<NodeEvent, 'kind' | 'code' | 'severity' | 'text' | 'pciAddress' | 'pid'>;

/**
 * Xids by what they mean for the people around. Source: NVIDIA's "Xid Errors" (docs.nvidia.com/deploy/xid-errors).
 * `critical`: the GPU needs a reset, a reboot or a service; `warning`: a program's own fault, or a repair that worked.
 * All others are errors.
 */
const critical = new Set([46, 48, 62, 64, 74, 79, 95, 109, 110, 119, 120, 136, 140, 143, 151, 156, 158]);
const warnings = new Set([13, 31, 32, 43, 45, 63, 68, 69, 92, 121]);
/** NVLink of Blackwell and later: each such message says itself whether it is fatal. */
const nvlinks = new Set([144, 145, 146, 147, 148, 149, 150]);
/** Says what the GPU needs from now on, which may be nothing any more. */
const RECOVERY_ACTION = 154;

/** In words, for those that people meet; the kernel's own text follows. */
const meanings: Record<number, string> = {
  13: 'a program made the graphics engine fail',
  31: 'a program touched memory that is not its own',
  43: 'a program made the GPU stop its work',
  45: 'the work of a program was ended early',
  48: 'memory error that could not be corrected',
  62: 'the GPU’s own controller halted',
  63: 'a memory page or row was retired',
  64: 'a memory page or row could not be retired',
  74: 'NVLink error',
  79: 'the GPU has fallen off the bus',
  92: 'many corrected memory errors',
  94: 'memory error, contained to one program',
  95: 'memory error, not contained',
  119: 'the GPU’s system processor does not answer',
  120: 'the GPU’s system processor failed',
};

const MAX_TEXT_LENGTH = 500;
/** On a GPU with MIG the instances follow the address: `(PCI:0000:01:00 GPU-I:05 GPU-CI:00)`. */
const XID = /^NVRM: Xid \((?:PCI:)?([0-9a-f:.]+)(?: GPU-[^)]*)?\): (\d+)\b/i;
/** `pid=4711`, `the client 'python' (pid 4711)`, and of Intel's drivers `in python [4711]`. */
const PID = /(?:\bpid[= ]'?|, in .+ \[)(\d+)/;

/** Other messages that announce a broken or resetting GPU, by driver. */
const others: readonly { pattern: RegExp; severity: NodeEvent['severity'] }[] = [
  { pattern: /^NVRM: .*fallen off the bus/i, severity: 'critical' },
  { pattern: /^NVRM: .*RmInitAdapter failed/i, severity: 'critical' },
  { pattern: /^NVRM: .*likely needs to be reset/i, severity: 'critical' },
  { pattern: /^NVRM: API mismatch/i, severity: 'error' },
  { pattern: /^nvidia-nvswitch\d*: SXid.*: \d+, Fatal/i, severity: 'critical' },
  { pattern: /^nvidia-nvswitch\d*: SXid.*: \d+, Non-fatal/i, severity: 'warning' },
  // Registers of the message before.
  { pattern: /^nvidia-nvswitch\d*: SXid(?!.*: \d+, (?:Severity|Data) )/i, severity: 'error' },
  {
    pattern: /\bamdgpu\b.*(?:ring \S+ timeout|GPU reset begin|uncorrectable hardware errors)/i,
    severity: 'error',
  },
  { pattern: /\bamdgpu\b.*GPU reset.*failed/i, severity: 'critical' },
  { pattern: /\b(?:i915|xe)\b.*(?:GPU HANG|Engine reset|GT reset failed)/i, severity: 'error' },
];

/** In every message that is meant here. */
const DRIVERS = /NVRM|nvidia|amdgpu|i915|\bxe\b/i;

/** Whether it is worth reading at all: after a start there are a thousand records, hardly any of which is. */
export const namesGpuDriver = (record: string) => DRIVERS.test(record);

/** A kernel message without its time; null where it is not about trouble with a GPU. */
export function parseGpuMessage(line: string): GpuMessage | null {
  const text = line.slice(0, MAX_TEXT_LENGTH);
  const xid = XID.exec(text);
  if (xid) return xidMessage(text, xid[1] ?? '', Number(xid[2]));
  const other = others.find(({ pattern }) => pattern.test(text));
  if (!other) return null;
  return {
    kind: 'kernel',
    code: null,
    severity: other.severity,
    text,
    pciAddress: addressIn(text),
    pid: pidIn(text),
  };
}

function xidMessage(text: string, address: string, code: number): GpuMessage {
  const meaning = meanings[code];
  return {
    kind: 'xid',
    code,
    severity: severityOf(code, text),
    text: meaning ? `${meaning} · ${text}`.slice(0, MAX_TEXT_LENGTH) : text,
    pciAddress: wholeAddress(address),
    pid: pidIn(text),
  };
}

function severityOf(code: number, text: string): NodeEvent['severity'] {
  if (code === RECOVERY_ACTION) return / to 0x0\b/.test(text) ? 'info' : 'critical';
  if (critical.has(code) || (nvlinks.has(code) && /\bFatal\b/.test(text))) return 'critical';
  return warnings.has(code) ? 'warning' : 'error';
}

function pidIn(text: string): number | null {
  const pid = PID.exec(text)?.[1];
  return pid === undefined ? null : Number(pid);
}

/** The driver leaves the function out: `0000:9b:00`. */
function wholeAddress(address: string): string {
  return normalPciAddress(/\.[0-9a-f]$/i.test(address) ? address : `${address}.0`);
}

function addressIn(text: string): string | null {
  const found = /\b((?:[0-9a-f]{4,8}:)[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-9a-f])?)\b/i.exec(text)?.[1];
  return found === undefined ? null : wholeAddress(found);
}
