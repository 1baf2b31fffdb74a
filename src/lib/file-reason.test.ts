import { mkdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fileReason, folderReason } from './file-reason.ts';

function reasonOf(path: string): string {
  try {
    readFileSync(path);
    return 'none';
  } catch (error) {
    return fileReason(error);
  }
}

it('tells for a person why a file cannot be read', () => {
  expect(reasonOf('/nowhere/file')).toBe('there is no such file');
  expect(reasonOf('/etc/passwd/file')).toBe('there is no such file');
  expect(reasonOf('/')).toBe('it is a folder');
  expect(fileReason(Object.assign(new Error('EACCES: permission denied, open x'), { code: 'EACCES' }))).toBe(
    'it may not be read by this user',
  );
  expect(fileReason(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }))).toBe('EIO');
  expect(fileReason(new Error('it is larger than 1 MiB'))).toBe('it is larger than 1 MiB');
});

it('tells why a folder cannot be made', () => {
  expect.assertions(1);
  try {
    mkdirSync('/etc/passwd/x');
  } catch (error) {
    expect(folderReason(error)).toBe('a part of its path is a file');
  }
});
