import { writeFileSync } from 'node:fs';
import type { Reporter } from 'vitest/node';

const messagesOf = (errors: readonly { message: string; stack?: string }[]) =>
  errors.map((error) => error.stack ?? error.message);

/**
 * Writes what failed to a file, so that test/run.mjs can say it once more at the end of all output, of which a machine
 * that runs the tests may keep only the end.
 */
export function createFailuresReporter(file: string): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const failures = messagesOf(unhandledErrors).map((message) => `unhandled: ${message}`);
      for (const module of modules) {
        const { relativeModuleId, children } = module;
        failures.push(...messagesOf(module.errors()).map((message) => `${relativeModuleId}: ${message}`));
        for (const suite of children.allSuites())
          failures.push(...messagesOf(suite.errors()).map((message) => `${suite.fullName}: ${message}`));
        for (const test of children.allTests('failed'))
          failures.push(
            `${relativeModuleId} > ${test.fullName}: ${messagesOf(test.result().errors ?? []).join('\n')}`,
          );
      }
      writeFileSync(file, failures.join('\n\n'));
    },
  };
}
