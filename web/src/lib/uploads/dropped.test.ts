import { describe, expect, test } from 'vitest';
import { droppedFiles, listed, MOST_FILES } from './dropped';

const files = (many: number): File[] => Array.from({ length: many }, (_, at) => ({ name: `${at}.flac`, webkitRelativePath: '' }) as File);
const file = (name: string): FileSystemEntry => ({ isFile: true, isDirectory: false, fullPath: `/${name}`, name, file: (done: (file: File) => void) => done({ name } as File) }) as unknown as FileSystemEntry;
function folder(name: string, children: FileSystemEntry[]): FileSystemEntry {
  const createReader = () => {
    let at = 0;
    return { readEntries: (done: (part: FileSystemEntry[]) => void) => done(children.slice(at, (at += 100))) };
  };
  return { isFile: false, isDirectory: true, fullPath: `/${name}`, name, createReader } as unknown as FileSystemEntry;
}
const drop = (entries: FileSystemEntry[]): DataTransfer => ({ items: entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry })) }) as unknown as DataTransfer;
const many = (from: number, to: number): FileSystemEntry[] => Array.from({ length: to - from }, (_, at) => file(`a/${from + at}.flac`));

describe('more files than the limit', () => {
  test.each([[MOST_FILES - 1, false], [MOST_FILES, false], [MOST_FILES + 1, true]])('%i chosen ones: cut %s', (most, cut) => {
    const chosen = listed(files(most));
    expect([chosen.files.length, chosen.cut]).toEqual([Math.min(most, MOST_FILES), cut]);
  });
  test.each([[MOST_FILES, false], [MOST_FILES + 1, true]])('%i in a folder: cut %s', async (most, cut) => {
    const chosen = await droppedFiles(drop([folder('a', many(0, most)), folder('empty', [])]));
    expect([chosen.files.length, chosen.cut]).toEqual([MOST_FILES, cut]);
  });
  test('a second folder beyond them', async () => {
    expect((await droppedFiles(drop([folder('a', many(0, MOST_FILES)), folder('b', [file('b/1.flac')])]))).cut).toBe(true);
  });
});
