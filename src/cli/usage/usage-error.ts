/** A command that cannot do what was asked; its message is all that a person gets to see. */
export class UsageError extends Error {
  override name = 'UsageError';
}
