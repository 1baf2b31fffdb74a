const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EPERM: 'it may not be read by this user',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead nowhere',
};

const FOLDER_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
  EDQUOT: "this user's share of the disk is used up",
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'it is a file',
};

/** Why a file cannot be read, for a person: `there is no such file`; the system's own word for what is seldom. */
export const fileReason = (error: unknown): string => reasonIn(REASONS, error);

/** Why files cannot be written into a folder, nor it be made. */
export const folderReason = (error: unknown): string => reasonIn(FOLDER_REASONS, error);

function reasonIn(reasons: Readonly<Record<string, string>>, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  if (code !== null) return reasons[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}
