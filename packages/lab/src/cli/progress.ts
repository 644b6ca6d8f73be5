/** A stream that may be a terminal. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** How far something is, for people who wait. */
export interface Progress {
  /** @param share 0 to 1. */
  readonly show: (share: number) => void;
  /** Takes the bar away. */
  readonly end: () => void;
}

const WIDTH = 40;

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
      const full = Math.round(share * WIDTH);
      const percent = String(Math.floor(share * 100)).padStart(3);
      draw(`${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${percent} % of ${what}`);
    },
    end: () => draw(''),
  };
}
