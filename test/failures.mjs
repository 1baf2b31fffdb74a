// A reporter of vitest: writes what failed to the file FAILURES, so that test/run.mjs can say it once more at the
// end of all output, of which a machine that runs the tests may keep only the end.
import { writeFileSync } from 'node:fs';

const messagesOf = (errors) => errors.map((error) => error.stack ?? error.message ?? String(error));

export default class Failures {
  onTestRunEnd(modules, unhandledErrors) {
    const failures = messagesOf(unhandledErrors).map((message) => `unhandled: ${message}`);
    for (const module of modules) {
      const file = module.relativeModuleId;
      failures.push(...messagesOf(module.errors()).map((message) => `${file}: ${message}`));
      for (const suite of module.children.allSuites())
        failures.push(
          ...messagesOf(suite.errors()).map((message) => `${file} > ${suite.fullName}: ${message}`),
        );
      for (const test of module.children.allTests('failed'))
        failures.push(`${file} > ${test.fullName}: ${messagesOf(test.result().errors).join('\n')}`);
    }
    writeFileSync(process.env.FAILURES, failures.join('\n\n'));
  }
}
