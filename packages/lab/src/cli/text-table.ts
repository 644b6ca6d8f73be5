/** A cell's text; painted with characters that a terminal does not show, its width is that of `text`. */
export type Cell = string | { readonly text: string; readonly painted: string };

/** Columns with two spaces between them; to the right, but for those that are named in `left`. */
export function table(
  head: readonly Cell[],
  rows: readonly (readonly Cell[])[],
  { left }: { readonly left: readonly number[] },
): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => widthOf(row[column] ?? ''))),
  );
  const line = (row: readonly Cell[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        const space = ' '.repeat(width - widthOf(cell));
        const painted = typeof cell === 'string' ? cell : cell.painted;
        return left.includes(column) ? painted + space : space + painted;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** The same words in lines of at most so many characters, but for longer words; `indent` is before all but the first. */
export function wrapped(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
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

function widthOf(cell: Cell): number {
  return (typeof cell === 'string' ? cell : cell.text).length;
}
