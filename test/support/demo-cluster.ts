import { startDemo } from '../../src/demo/demo.ts';
import { createState } from '../../src/state/state.ts';
import { createFakeCluster, type FakeCluster } from './fake-cluster.ts';

/** The paths of all views, over the demo's nodes. */
export const DEMO_VIEWS = ['/', '/gpus', '/jobs', '/users', '/nodes/l40s-01'];

/** The demo's nodes at one moment. */
export function demoCluster(): FakeCluster {
  const state = createState(() => performance.now());
  const demo = startDemo(state);
  demo.stop(() => undefined);
  const { recent, recentPoint } = state;
  return createFakeCluster(state.reports(), { recent, recentPoint, demo: true });
}
