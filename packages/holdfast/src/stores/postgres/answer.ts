/** What the server said, and how many rows it has returned or changed. */
export interface Answer {
  /** The first of the columns, which is known by its place: clients may be set up to rename them (`postgres.camel`). */
  readonly column: readonly unknown[];
  readonly count: number;
}

/** @param rows what a client answers; undefined, perhaps, for several statements, of which nobody reads the answers. */
export function answerOf(rows: readonly unknown[] | undefined, count: number): Answer {
  return { column: (rows ?? []).map((row) => Object.values(row as object)[0] as unknown), count };
}
