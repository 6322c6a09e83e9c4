import { describe, expect, it } from 'vitest';
import { errorBody, FrontierError } from './errors.ts';

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

describe('errors that cross a boundary', () => {
  it.each([
    ['a write to a full disk', coded('ENOSPC', 'ENOSPC: no space left on device, write')],
    ['a database on a full disk', coded('SQLITE_FULL', 'database or disk is full')],
    [
      'a Parquet file on a full disk',
      new Error('IO Error: Could not write file "x": No space left on device'),
    ],
  ])('%s is said to be that, and no fault of ours', (_, error) => {
    const body = errorBody(error);
    expect(body).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^The disk is full\./),
    });
    expect(body.message).toContain(error.message);
    expect(body.hint).toMatch(/Free some space/);
  });

  it.each([
    ['a read-only disk', coded('EROFS', 'EROFS: read-only file system, open "x"')],
    ['a folder of somebody else', coded('EACCES', 'EACCES: permission denied, open "x"')],
    ['a read-only database', coded('SQLITE_READONLY_DIRECTORY', 'attempt to write a readonly database')],
    ['a database that cannot be opened', coded('SQLITE_CANTOPEN', 'unable to open database file')],
  ])('%s is a matter of rights', (_, error) => {
    expect(errorBody(error)).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(error.message),
    });
  });

  it('our own errors pass as they are, and anything else is a fault', () => {
    const own = new FrontierError('LOCKED', 'no space left on device');
    expect(errorBody(own)).toEqual({ code: 'LOCKED', message: 'no space left on device' });
    expect(errorBody(coded('EPIPE', 'broken'))).toMatchObject({ code: 'INTERNAL', message: 'broken' });
    expect(errorBody('text')).toMatchObject({ code: 'INTERNAL', message: 'text' });
  });
});
