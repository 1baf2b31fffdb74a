/**
 * Milliseconds of a clock that never jumps. `performance` would load a module of Node.js that neither monitor nor helper
 * has another use for: 3 ms of CPU at every start.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
