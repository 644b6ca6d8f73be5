import type { FaultBand } from '../simulate/result.ts';
import { html } from './escape.ts';
import { NOTHING, time, written } from './numbers.ts';
import type { Line, Plot } from './plots.ts';
import { type Scale, linearScale, logScale, timeTicks } from './scale.ts';
import { type Values, highest, lowestPositive, pointsInOne, thinned } from './series.ts';
import type { ScenarioView } from './view.ts';

/**
 * A plot is an SVG that holds lines and areas only, stretched to whatever room there is; all that is
 * read is HTML above it, so that letters keep their size on a phone, on a wide screen and on paper.
 * It needs no script; the script only adds the numbers under the pointer.
 */

/** The drawing's own units in both directions; fine enough that a unit is less than a pixel. */
const SIZE = 1000;

/** Rows of the table beneath a plot. */
const TABLE_ROWS = 24;

/** A fault's label has at least this share of the plot's width to itself, in one of a few rows. */
const LABEL_SHARE = 0.34;

const MOST_LABEL_ROWS = 3;

export function plotHtml(view: ScenarioView, subject: string, plot: Plot): string {
  const scale = scaleOf(plot);
  const labels = bandLabels(view);
  return `<figure class="plot" data-plot>
<figcaption><strong>${html(plot.title)}</strong> <span>${html(plot.about)}</span></figcaption>
<div class="frame" style="--rows:${labels.rows}">
<div class="y" aria-hidden="true">${scale.ticks
    .map(
      (tick) =>
        `<span style="bottom:${share(scale.place(tick))}">${written(tick, plot.unit)}</span>`,
    )
    .join('')}</div>
<div class="area">${labels.html}<div class="canvas">
<svg viewBox="0 0 ${SIZE} ${SIZE}" preserveAspectRatio="none" role="img" aria-label="${html(spoken(view, subject, plot))}">
${bands(view)}${grid(scale, plot)}${plot.lines.map((line) => lineSvg(line, scale)).join('')}</svg></div></div>
<div class="x" aria-hidden="true">${timeTicks(view.duration)
    .map(
      (at, _, [, step = at]) =>
        `<span${at > 0.97 * view.duration ? ' class="end"' : ''} style="left:${share(at / view.duration)}">${axisTime(at, step)}</span>`,
    )
    .join('')}</div>
</div>
<p class="key">${plot.lines.map(keyHtml).join('')}</p>
${tableHtml(view, subject, plot)}
</figure>
`;
}

/** What the pointer reads: for each line the written value at each point. */
export function readings(plot: Plot): string[][] {
  return plot.lines.map((line) => line.values.map((value) => written(value, plot.unit)));
}

/** The moment of each point of the scenario's plots, its middle. */
export function moments(view: ScenarioView): string[] {
  const width = view.step * pointsInOne(view.duration, view.step);
  return Array.from({ length: Math.ceil(view.duration / width - 1e-9) }, (_, index) =>
    time((index + 0.5) * width),
  );
}

/** A fault as its label says it. */
function faultText(fault: FaultBand): string {
  return `${fault.kind} ${fault.on}`;
}

function scaleOf(plot: Plot): Scale {
  const all = plot.lines.map((line) => line.values);
  const most = Math.max(highest(all) ?? 0, plot.reference ?? 0);
  if (plot.scale === 'log') return logScale(lowestPositive(all) ?? 1, most);
  return linearScale(plot.unit === 'share' ? Math.max(most, 0.1) : most);
}

function lineSvg(line: Line, scale: Scale): string {
  const kind = `${line.style} ${line.role}`;
  if (line.style === 'load') return `<path class="${kind}" d="${area(line.values, scale)}"/>`;
  const dots = lonePoints(line.values, scale);
  const beside = dots === '' ? '' : `<path class="${kind} dots" d="${dots}"/>`;
  return `<path class="${kind}" d="${stroke(line.values, scale)}"/>${beside}`;
}

/** A path through the middles of the points; it breaks where there is nothing. */
function stroke(values: Values, scale: Scale): string {
  return pieces(values)
    .filter((piece) => piece.length > 1)
    .map((piece) => {
      const points = piece.map(
        ({ at, value }) => `${across(at, values.length)} ${down(value, scale)}`,
      );
      return `M${points.join('L')}`;
    })
    .join('');
}

/** Points with nothing on either side. Round caps show even a line of no length. */
function lonePoints(values: Values, scale: Scale): string {
  return pieces(values)
    .filter((piece) => piece.length === 1)
    .map(([point]) => `M${across(point!.at, values.length)} ${down(point!.value, scale)}h0`)
    .join('');
}

/** Filled down to the axis. */
function area(values: Values, scale: Scale): string {
  return pieces(values)
    .map((piece) => {
      const points = piece.map(
        ({ at, value }) => `${across(at, values.length)} ${down(value, scale)}`,
      );
      const [first, last] = [piece[0]?.at ?? 0, piece.at(-1)?.at ?? 0];
      return `M${across(first, values.length)} ${SIZE}L${points.join('L')}L${across(last, values.length)} ${SIZE}Z`;
    })
    .join('');
}

interface Point {
  readonly at: number;
  readonly value: number;
}

function pieces(values: Values): Point[][] {
  const found: Point[][] = [];
  let piece: Point[] = [];
  for (const [at, value] of values.entries()) {
    if (value !== null) piece.push({ at, value });
    else if (piece.length > 0) {
      found.push(piece);
      piece = [];
    }
  }
  return piece.length > 0 ? [...found, piece] : found;
}

function across(index: number, count: number): number {
  return Math.round(((index + 0.5) / count) * SIZE);
}

function down(value: number, scale: Scale): number {
  return Math.round((1 - scale.place(value)) * SIZE);
}

function grid(scale: Scale, plot: Plot): string {
  const lines = scale.ticks.map((tick) => `M0 ${down(tick, scale)}h${SIZE}`).join('');
  const reference =
    plot.reference === null
      ? ''
      : `<path class="reference" d="M0 ${down(plot.reference, scale)}h${SIZE}"/>`;
  return `<path class="grid" d="${lines}"/>${reference}`;
}

function bands(view: ScenarioView): string {
  return view.faults
    .map((fault) => {
      const from = Math.round((fault.from / view.duration) * SIZE);
      const to = Math.round((Math.min(fault.to, view.duration) / view.duration) * SIZE);
      return `<path class="band" d="M${from} 0H${Math.max(to, from + 2)}V${SIZE}H${from}Z"/>`;
    })
    .join('');
}

/**
 * Labels of the faults above the plot, in as many rows as keep them apart. One for which no row has
 * room is left out: its band is there, and the scenario's head names them all.
 */
function bandLabels(view: ScenarioView): { readonly html: string; readonly rows: number } {
  const rows: number[] = [];
  const placed = view.faults.flatMap((fault) => {
    const left = Math.min(fault.from / view.duration, 1 - LABEL_SHARE);
    const free = rows.findIndex((end) => end <= left + 1e-9);
    const row = free >= 0 ? free : rows.length;
    if (row === MOST_LABEL_ROWS) return [];
    rows[row] = left + LABEL_SHARE;
    return { left, row, text: faultText(fault) };
  });
  const labels = placed.map(({ left, row, text }, at) => {
    const next = placed.slice(at + 1).find((other) => other.row === row && other.left > left);
    const room = share((next?.left ?? 1) - left);
    return `<span class="fault" style="left:${share(left)};max-width:${room};--row:${row}" title="${html(text)}">${html(text)}</span>`;
  });
  return { html: labels.join(''), rows: rows.length };
}

function keyHtml(line: Line): string {
  return `<span class="entry"><i class="mark ${line.style} ${line.role}"></i>${html(line.label)} <output></output></span>`;
}

/** One sentence a line for those who do not see the plot. */
function spoken(view: ScenarioView, subject: string, plot: Plot): string {
  const lines = plot.lines.map((line) => {
    const values = view.phases.map((phase) => {
      const part = line.values.filter((_, index) => {
        const at = ((index + 0.5) / line.values.length) * view.duration;
        return at >= phase.from && at < phase.to;
      });
      return `${phase.name} ${written(highest([part]), plot.unit)}`;
    });
    return `${line.label}: at most ${values.join(', ')}.`;
  });
  return `${subject}, ${plot.title} over time. ${lines.join(' ')}`;
}

function tableHtml(view: ScenarioView, subject: string, plot: Plot): string {
  const count = plot.lines[0]?.values.length ?? 0;
  const group = Math.max(1, Math.ceil(count / TABLE_ROWS));
  const columns = plot.lines.map((line) => thinned(line.values, group, plot.merge));
  const rows = Array.from({ length: Math.ceil(count / group) }, (_, row) => {
    const cells = columns.map((values) => `<td>${written(values[row], plot.unit)}`).join('');
    return `<tr><th scope="row">${time((row * group * view.duration) / count)}${cells}`;
  });
  const head = plot.lines.map((line) => `<th scope="col">${html(line.label)}`).join('');
  const label = html(`${plot.title} of ${subject}, as a table`);
  return `<details class="numbers"><summary aria-label="${label}">As a table</summary>
<div class="wide" tabindex="0" role="region" aria-label="${label}"><table><caption>${plot.merge === 'mean' ? 'Means' : 'Highest values'} from each moment to the next (${NOTHING}: nothing to measure)</caption>
<thead><tr><th scope="col">from${head}</thead><tbody>${rows.join('')}</tbody></table></div></details>`;
}

/** One unit for the whole axis: the longest of which each step is a whole number, or tenths of a second. */
function axisTime(at: number, step: number): string {
  const [, length, unit] = AXIS_UNITS.find(([whole]) => whole === 0 || step % whole === 0)!;
  return `${written(at / length, 'count')} ${unit}`;
}

/** What a step is so many times of, and the unit that it is written in, in milliseconds. */
const AXIS_UNITS = [
  [3_600_000, 3_600_000, 'h'],
  [60_000, 60_000, 'min'],
  [100, 1000, 's'],
  [0, 1, 'ms'],
] as const;

/** A share as CSS has it. */
function share(value: number): string {
  return `${Number((value * 100).toFixed(2))}%`;
}
