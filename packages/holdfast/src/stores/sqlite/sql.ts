/** In the file's header, so that a store is told from any other database: `hold` in ASCII. */
export const APPLICATION_ID = 0x68_6f_6c_64;

/** `user_version` of the schema below. */
export const SCHEMA_VERSION = 1;

/** Times are milliseconds since the Unix epoch. */
export const SCHEMA = `
  CREATE TABLE record (
    id TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    -- Of the owner; null once the work is done.
    token TEXT,
    lease_end INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    -- The token that was granted to reconcile.
    reconciler TEXT,
    -- JSON: an array of { name, value }.
    points TEXT NOT NULL,
    -- Null until the work is done.
    result TEXT,
    CHECK ((token IS NULL) = (result IS NOT NULL))
  ) STRICT;

  CREATE INDEX record_by_expiry ON record (expires_at);

  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

export const IDENTITY = `
  SELECT
    (SELECT application_id FROM pragma_application_id) AS application,
    (SELECT user_version FROM pragma_user_version) AS version,
    (SELECT count(*) FROM sqlite_schema) AS objects
`;

/** The store's clock: the machine's, which all processes with the file share. */
export const NOW = `SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now`;

export const FIND = `
  SELECT fingerprint, token, lease_end, expires_at, attempt, reconciler, points, result
  FROM record
  WHERE id = ?
`;

export const SAVE = `
  INSERT INTO record
    (id, fingerprint, token, lease_end, expires_at, attempt, reconciler, points, result)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    fingerprint = excluded.fingerprint,
    token = excluded.token,
    lease_end = excluded.lease_end,
    expires_at = excluded.expires_at,
    attempt = excluded.attempt,
    reconciler = excluded.reconciler,
    points = excluded.points,
    result = excluded.result
`;

export const FORGET = 'DELETE FROM record WHERE id = ?';

export const REAP = `
  DELETE FROM record
  WHERE rowid IN (SELECT rowid FROM record WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
`;
