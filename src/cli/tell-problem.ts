/** Says what is wrong and does not end a command, beside what it prints. */
export function tellProblem(problem: string): void {
  process.stderr.write(`rollcall: ${problem}\n`);
}
