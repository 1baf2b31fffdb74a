import { expect } from 'vitest';
import type { NodeReport } from '../../src/report/node-report.ts';

/** As an answer tells it a moment later: its figures have grown a little older. */
export const aMomentLater = (node: NodeReport) => ({
  ...node,
  sampleAgeMs: node.sampleAgeMs === null ? null : expect.closeTo(node.sampleAgeMs, -4),
});
