const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EPERM: 'it may not be read by this user',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead nowhere',
};

/** Why a file cannot be read, for a person: `there is no such file`; the system's own word for what is seldom. */
export function fileReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  if (code !== null) return REASONS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}
