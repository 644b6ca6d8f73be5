export {
  type SqliteSnapshot,
  type SqliteStore,
  type SqliteStoreOptions,
  sqliteStore,
} from './sqlite.ts';
