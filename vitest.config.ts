import { defineConfig } from 'vitest/config';
import { createFailuresReporter } from './test/failures.ts';

/** The file for what failed, where test/run.mjs wants one. */
const { FAILURES } = process.env;

/** What is waited for without a deadline of its own; machines may be busy. */
const expect = { poll: { timeout: 30_000 } };
/** Ends what hangs. What must come within a time says so itself. */
const limits = { testTimeout: 180_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    reporters: FAILURES ? ['default', createFailuresReporter(FAILURES)] : ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'static/**/*.test.ts', 'test/*.test.ts'],
          globalSetup: ['test/support/rubbish-programs.ts'],
          ...limits,
          expect,
        },
      },
      {
        test: {
          // Tests against real SSH servers share one fleet, so one file runs after the other.
          name: 'fleet',
          include: ['test/fleet/**/*.test.ts'],
          fileParallelism: false,
          ...limits,
          expect,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          ...limits,
          expect,
        },
      },
    ],
  },
});
