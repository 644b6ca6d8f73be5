/** A cell's text; painted with characters that a terminal does not show, its width is that of `text`. */
export type Cell = string | { readonly text: string; readonly painted: string };

/** Columns with two spaces between them; to the right, but for those that are named in `left`. */
export function table(
  head: readonly Cell[],
  rows: readonly (readonly Cell[])[],
  { left }: { readonly left: readonly number[] },
): string {
  const all = [head, ...rows];
  const rule = widthsOf(all).map((width) => '─'.repeat(width));
  return aligned(all, left).toSpliced(1, 0, rule.join('──')).join('\n');
}

/** A line for each row, its cells to the right, but for those of the columns that are named in `left`. */
export function aligned(
  rows: readonly (readonly Cell[])[],
  left: readonly number[],
): readonly string[] {
  const widths = widthsOf(rows);
  return rows.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        const space = ' '.repeat(width - widthOf(cell));
        const painted = typeof cell === 'string' ? cell : cell.painted;
        return left.includes(column) ? painted + space : space + painted;
      })
      .join('  ')
      .trimEnd(),
  );
}

/**
 * What stays in one line if it fits: code, a number with its unit, an edge; and any other word. A longer path
 * is broken behind a `>`.
 */
const WHOLE =
  /[^\s`]*`[^`]*`[^\s`]*|\S*\d (?:ms|s|%)(?!\w)\S*|(?<!> )\S+ > \S+(?= (?!>)|$)|\S+(?: >(?= ))?/g;

/** The same words in lines of at most so many characters, but for longer words; `indent` is before all but the first. */
export function wrapped(text: string, width: number, indent = ''): string {
  const wholes = text.replaceAll(/\s+/g, ' ').match(WHOLE) ?? [];
  const lines: string[] = [];
  for (const word of wholes.flatMap((whole) => (whole.length > width ? whole.split(' ') : whole))) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join(`\n${indent}`);
}

/** Rows as columns: the first cells of all rows are the first row. */
export function transposed(rows: readonly (readonly Cell[])[]): Cell[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? ''));
}

/** As many as the first row has cells. */
function widthsOf(rows: readonly (readonly Cell[])[]): readonly number[] {
  return (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
}

function widthOf(cell: Cell): number {
  return (typeof cell === 'string' ? cell : cell.text).length;
}
