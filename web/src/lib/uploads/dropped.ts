// The files of a drop, including those in folders. The entries are valid only during the event, so they are read at once.

export interface Dropped { name: string; file: File }
/** `cut`: there were more files than the limit. */
export interface Chosen { files: Dropped[]; cut: boolean }
/** More than a large music folder has; a drop of a whole disk stops here. */
export const MOST_FILES = 10_000;

export function carriesFiles(transfer: DataTransfer | null): boolean {
  return transfer !== null && [...transfer.types].includes('Files');
}

export function droppedFiles(transfer: DataTransfer): Promise<Chosen> {
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  if (entries.every((entry) => entry === null)) return Promise.resolve(listed(transfer.files));
  return opened(entries.filter((entry) => entry !== null));
}

export function listed(files: Iterable<File>): Chosen {
  const all = [...files];
  return { files: all.slice(0, MOST_FILES).map((file) => ({ name: file.webkitRelativePath || file.name, file })), cut: all.length > MOST_FILES };
}

async function opened(entries: readonly FileSystemEntry[]): Promise<Chosen> {
  const found: Dropped[] = [];
  const waiting = [...entries];
  for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
    const name = entry.fullPath.replace(/^\//, '');
    if (entry.isFile) {
      // Only another file means that something is left out: the rest may be empty folders.
      if (found.length === MOST_FILES) return { files: found, cut: true };
      const file = await new Promise<File | null>((done) => (entry as FileSystemFileEntry).file(done, () => done(null)));
      if (file !== null) found.push({ name, file });
    } else if (entry.isDirectory) {
      waiting.unshift(...(await children(entry as FileSystemDirectoryEntry)));
    }
  }
  return { files: found, cut: false };
}

/** A reader returns a folder in parts (Chromium: 100 entries at a time), until it returns none. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  while (all.length <= MOST_FILES) {
    const part = await new Promise<FileSystemEntry[]>((done) => reader.readEntries(done, () => done([])));
    if (part.length === 0) break;
    all.push(...part);
  }
  return all.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}
