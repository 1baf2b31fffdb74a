import type { FilesystemSample } from '../protocol/sample.ts';
import type { DemoNode } from './hardware.ts';

const GIB = 1024 ** 3;

/** A node's own disks and the cluster's storage; how full the scratch disk is depends on the node's name. */
export function filesystemRows(node: DemoNode): FilesystemSample[] {
  const usedShare = 0.35 + (node.name.charCodeAt(node.name.length - 1) % 5) / 10;
  return [
    filesystem('/', '/dev/nvme0n1p2', 'ext4', 'SSD', 1.8 * 1024, 0.3),
    filesystem('/home', 'storage:/home', 'nfs4', 'network', 120 * 1024, 0.71),
    filesystem('/scratch', '/dev/md0', 'xfs', node.role === 'cpu' ? 'HDD' : 'SSD', 14 * 1024, usedShare),
  ];
}

function filesystem(
  mountPoint: string,
  source: string,
  fsType: string,
  kind: FilesystemSample['kind'],
  totalGiB: number,
  usedShare: number,
): FilesystemSample {
  const totalBytes = Math.round(totalGiB * GIB);
  const usedBytes = Math.round(totalBytes * usedShare);
  return {
    mountPoint,
    source,
    fsType,
    kind,
    totalBytes,
    usedBytes,
    availableBytes: totalBytes - usedBytes,
    readOnly: false,
  };
}
