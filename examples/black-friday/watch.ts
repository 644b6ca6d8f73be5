import type { Run } from './conductor.ts';
import { lengthOf } from './plan.ts';
import { logLine, picture } from './screen.ts';
import type { Paint } from './style.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE = '\x1b[2K';
const CLEAR_BELOW = '\x1b[J';

/** Shows a run while it runs; answers what ends that. */
export function watch(run: Run, out: NodeJS.WriteStream, paint: Paint): () => void {
  return out.isTTY ? watchLive(run, out, paint) : watchInLines(run, out);
}

/** A picture that is redrawn in place. */
function watchLive({ recording, elapsed }: Run, out: NodeJS.WriteStream, paint: Paint): () => void {
  let height = 0;
  const draw = (): void => {
    const time = Math.max(0, Math.min(elapsed(), Number.MAX_SAFE_INTEGER));
    const lines = picture({ recording, elapsed: time, width: out.columns }, paint);
    const up = height === 0 ? '' : `\x1b[${height}A`;
    out.write(up + lines.map((line) => `${CLEAR_LINE}${line}\n`).join('') + CLEAR_BELOW);
    height = lines.length;
  };
  out.write(HIDE_CURSOR);
  draw();
  const timer = setInterval(draw, 100);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    draw();
    out.write(SHOW_CURSOR);
  };
}

/** A line every now and then: some forty in all, however long it takes. */
function watchInLines({ recording, elapsed }: Run, out: NodeJS.WriteStream): () => void {
  const period = Math.max(2000, lengthOf(recording.plan) / 40);
  const timer = setInterval(() => out.write(`${logLine(recording, elapsed())}\n`), period);
  return () => clearInterval(timer);
}
