/** A stream that may be a terminal. */
export interface Output {
  readonly isTTY?: boolean;
  /** How wide it is, if it is a terminal that says so. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** How far something is, for people who wait. */
export interface Progress {
  /** @param share 0 to 1. */
  readonly show: (share: number) => void;
  /** Takes the bar away. */
  readonly end: () => void;
}

/** Columns of the bar, where there is room. */
const WIDTH = 40;
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;

/** A bar if the stream is a terminal; else one line at the beginning. */
export function progressBar(stream: Output, what: string): Progress {
  if (stream.isTTY !== true) {
    stream.write(`simulating ${what}\n`);
    return { show: () => {}, end: () => {} };
  }
  let shown = '';
  const draw = (line: string): void => {
    if (line === shown) return;
    shown = line;
    // To the line's beginning, and nothing of the old one stays.
    stream.write(`\r\u001b[2K${line}`);
  };
  return {
    show: (share) => {
      const text = ` ${String(Math.floor(share * 100)).padStart(3)} % of ${what}`;
      // In two lines it could not be taken away: only the one with the cursor is.
      const room = (stream.columns ?? COLUMNS) - text.length - 1;
      const width = Math.max(0, Math.min(WIDTH, room));
      const full = Math.round(share * width);
      draw(`${'█'.repeat(full)}${'░'.repeat(width - full)}${text}`);
    },
    end: () => draw(''),
  };
}
