/** A setting that cannot be used; the message names place, value and remedy. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
