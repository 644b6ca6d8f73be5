import type { Connection } from './connection.ts';

/** `PRAGMA synchronous`: FULL. Above it is EXTRA. */
const FULL = 2;

/** Filesystems by the type that `statfs` answers on Linux, and what they endanger. */
const FILESYSTEMS: Readonly<Record<number, string>> = {
  0x6969: onNetwork('NFS'),
  0x517b: onNetwork('SMB'),
  0xff534d42: onNetwork('CIFS'),
  0xfe534d42: onNetwork('SMB2'),
  0x01021994: 'on a filesystem in memory (tmpfs), which a restart of the machine empties',
};

function onNetwork(name: string): string {
  return `on a network filesystem (${name}), where a write-ahead log does not work across machines`;
}

type Surroundings = Pick<Connection, 'journalMode' | 'synchronous' | 'filesystem'>;

/** What of the file's surroundings endangers its records, in whole sentences. */
export function warningsOf(
  { journalMode, synchronous, filesystem }: Surroundings,
  path: string,
): readonly string[] {
  const warnings = [];
  if (journalMode !== 'wal') {
    warnings.push(
      `The SQLite store ${path} has no write-ahead log (journal_mode is ${journalMode}): its filesystem cannot do it, and processes that share the file wait for one another.`,
    );
  }
  if (synchronous < FULL) {
    warnings.push(
      `The SQLite store ${path} does not wait for the disk (synchronous is ${synchronous}): a power cut may undo what was acknowledged.`,
    );
  }
  const where = filesystem === null ? undefined : FILESYSTEMS[filesystem];
  if (where !== undefined) warnings.push(`The SQLite store ${path} is ${where}.`);
  return warnings;
}
