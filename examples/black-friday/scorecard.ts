import type { Promised, Unit, Verdict } from './judge.ts';
import type { Figures, LaneFigures, PhaseFigures } from './measure.ts';
import { LANES, lengthOf, startOf } from './plan.ts';
import { count, goodStyle, LANE_STYLE, type Paint, percent, ratio, time } from './style.ts';

const LABEL = 20;

/** The run as a person reads it: figures by phase, and what became of the promises. */
export function scorecard(figures: Figures, verdict: Verdict, paint: Paint): string {
  return [
    '',
    ...table(figures, paint),
    '',
    ...verdict.promises.map((promise) => promiseLine(promise, paint)),
    '',
    conclusion(verdict, paint),
    '',
  ].join('\n');
}

function table({ plan, offered, lanes }: Figures, paint: Paint): string[] {
  const watched = lengthOf(plan) - startOf(plan, 'back');
  const recovery = (lane: LaneFigures): string =>
    lane.recovery === null ? `not in ${time(watched)}` : `after ${time(lane.recovery)}`;
  const summary = (label: string, of: (lane: LaneFigures) => string): string =>
    `  ${label.padEnd(LABEL - 2)}${LANES.map((lane) => of(lanes[lane]).padStart(27)).join('')}`;
  const heading = LANES.map((lane) => paint(LANE_STYLE[lane], lane.padStart(27))).join('');
  const units = LANES.map(() => columns(['paid', 'attempts', 'p99'])).join('');
  return [
    ' '.repeat(LABEL) + heading,
    paint('dim', `  ${'provider'.padEnd(LABEL - 2)}${units}`),
    ...plan.phases.map(({ name, provider }, index) => {
      const label = name === provider ? name : `${name} (${provider})`;
      const cells = LANES.map((lane) => phaseCells(lanes[lane].phases[index]!, paint)).join('');
      return `  ${label.padEnd(LABEL - 2)}${cells}`;
    }),
    '',
    summary('recovered', recovery),
    summary('orders paid', ({ paid }) => `${count(paid)} of ${count(offered)}`),
    summary('repeats caught', ({ repeatsCaught }) => count(repeatsCaught)),
    summary('double charges', ({ doubleCharges }) => count(doubleCharges)),
    summary('longest wait', ({ longestWait }) => time(longestWait)),
  ];
}

function phaseCells({ goodput, attempts, offered, p99 }: PhaseFigures, paint: Paint): string {
  const text = columns([percent(goodput), ratio(attempts / offered), time(p99)]);
  return paint(goodStyle(goodput), text.slice(0, 9)) + text.slice(9);
}

function columns(texts: readonly string[]): string {
  return texts.map((text) => text.padStart(9)).join('');
}

const WORDS = { '>=': 'at least', '<=': 'at most', '>': 'more than', '<': 'less than' };

function promiseLine({ what, unit, value, is, bound, holds }: Promised, paint: Paint): string {
  const mark = holds ? paint('green', '✓') : paint('red', '✗');
  const limit = is === '<=' && bound === 0 ? 'none' : `${WORDS[is]} ${amount(bound, unit)}`;
  const result = amount(value, unit).padStart(8);
  return `  ${mark} ${what.padEnd(38)}${result}   ${paint('dim', limit)}`;
}

function amount(value: number, unit: Unit): string {
  switch (unit) {
    case 'share':
      return percent(value);
    case 'ms':
      return time(value);
    case 'attempts':
      return ratio(value);
    case 'orders':
    case 'charges':
      return count(value);
  }
}

function conclusion({ promises, doubts }: Verdict, paint: Paint): string {
  if (doubts.length > 0) {
    const why = doubts.map((doubt) => `    ${doubt}`);
    return ['  Could not be judged, this machine was too busy:', ...why].join('\n');
  }
  const broken = promises.filter(({ holds }) => !holds).length;
  if (broken === 0) return paint('green', `  All ${promises.length} promises hold.`);
  return paint('red', `  ${broken} of ${promises.length} promises do not hold.`);
}
