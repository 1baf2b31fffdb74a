import { defineConfig } from 'vitest/config';
import { createFailuresReporter } from './test/failures.ts';

/** The file for what failed, where test/run.mjs wants one. */
const { FAILURES } = process.env;

/** What is waited for without a deadline of its own; machines may be busy. */
const expect = { poll: { timeout: 10_000 } };

export default defineConfig({
  test: {
    reporters: FAILURES ? ['default', createFailuresReporter(FAILURES)] : ['default'],
    projects: [
      {
        test: { name: 'unit', include: ['src/**/*.test.ts', 'test/*.test.ts'], testTimeout: 20_000, expect },
      },
      {
        test: {
          // Tests against real SSH servers share one fleet, so one file runs after the other.
          name: 'fleet',
          include: ['test/fleet/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect,
        },
      },
    ],
  },
});
