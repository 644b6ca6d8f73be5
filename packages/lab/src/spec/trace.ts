import { formatDuration, milliseconds } from 'holdfast/spec';
import { instantOf } from './instant.ts';

/** A line of a trace that cannot be used. */
export interface TraceProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Moments that one trace may have. */
export const MAX_MOMENTS = 1_000_000;
/** A simulation reaches no further. */
const MAX_SPAN = 86_400_000;
/** A file of another kind is wrong in every line: the first tell. */
const MAX_PROBLEMS = 5;

const RANGE =
  "a moment: milliseconds, a duration like '250ms', or a time like '2026-03-02T09:00:00.250Z'";

/**
 * The moments of a trace, in milliseconds: one a line, in order, in the first of its columns if there
 * are several (`,`, `;` or tab between them). They are offsets from the scenario's start, or times; the
 * first time is the start. A first line that begins with a letter is a header; empty lines count for nothing.
 */
export function parseTrace(text: string): {
  readonly moments: readonly number[];
  readonly problems: readonly TraceProblem[];
} {
  const reader = new TraceReader();
  let line = 0;
  let isFirst = true;
  for (const row of rowsOf(text)) {
    line++;
    if (row.trim() === '') continue;
    const cell = /^\s*"?([^,;\t"]*)/.exec(row)![1]!.trim();
    const isHeader = isFirst && /^\p{L}/u.test(cell);
    isFirst = false;
    if (!isHeader) reader.read(cell, line);
    if (reader.isFull) break;
  }
  const { moments, problems } = reader;
  if (moments.length + problems.length > 0) return reader;
  return { moments, problems: [{ line: 1, message: `must have ${RANGE}; it has none` }] };
}

/** Line by line: all at once would double a large file. */
function* rowsOf(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    yield text.slice(from, to);
    from = to + 1;
  }
}

class TraceReader {
  readonly moments: number[] = [];
  readonly problems: TraceProblem[] = [];
  /** How the first moment is written, and so all. */
  #kind: 'offset' | 'time' | null = null;
  /** What the times are counted from. */
  #start = 0;

  /** There is no need to read on. */
  get isFull(): boolean {
    return this.problems.length >= MAX_PROBLEMS || this.moments.length > MAX_MOMENTS;
  }

  read(cell: string, line: number): void {
    const instant = instantOf(cell);
    const kind = instant === null ? 'offset' : 'time';
    const value = instant ?? offsetOf(cell);
    if (Number.isNaN(value)) {
      this.#wrong(line, `must begin with ${RANGE}; got ${JSON.stringify(cell.slice(0, 60))}`);
      return;
    }
    if (this.#kind === null) {
      this.#kind = kind;
      this.#start = instant ?? 0;
    }
    const at = value - this.#start;
    const before = this.moments.at(-1) ?? 0;
    if (kind !== this.#kind) {
      const all =
        this.#kind === 'time' ? 'times, but this is an offset' : 'offsets, but this is a time';
      this.#wrong(line, `must be of the same kind as the lines before, which are ${all}`);
    } else if (at < before) {
      this.#wrong(line, 'must not be earlier than the moment before: sort the trace');
    } else if (at > MAX_SPAN) {
      this.#wrong(line, `must be at most ${formatDuration(MAX_SPAN)} after the start`);
    } else {
      this.moments.push(at);
      if (this.isFull) this.#wrong(line, `is one too many: a trace has at most ${MAX_MOMENTS}`);
    }
  }

  #wrong(line: number, message: string): void {
    this.problems.push({ line, message });
  }
}

/** NaN for what is none. */
function offsetOf(cell: string): number {
  return /^\d+(\.\d+)?$/.test(cell) ? Number(cell) : milliseconds(cell);
}
