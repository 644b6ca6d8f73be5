import type { GraphService, SimulationReport } from '../simulate/report.ts';
import type { RunResult } from '../simulate/result.ts';
import { html } from './escape.ts';
import { type Box, type Link, layoutOf } from './layout.ts';
import { written } from './numbers.ts';
import { type LaneView, worstPhase } from './view.ts';

/** How bad an amplification is: a class of the style sheet, which gives colour and breadth. */
type Level = 'calm' | 'raised' | 'high' | 'severe';

interface Rating {
  readonly value: number | null;
  readonly level: Level;
  /** The highest of the graph, and worth the word. */
  readonly worst: boolean;
}

/** Letters of usual breadth that have room in a box. */
const NAME_ROOM = 17;

/** How far a drawing shrinks before it scrolls: its letters must stay readable. */
const LEAST = 0.8;

/** The call graph of one lane's run, each figure from the phase in which it was worst. */
export function graphHtml(report: SimulationReport, lane: LaneView): string {
  const { users, services, edges } = report.graph;
  const layout = layoutOf([...users, ...services.map((service) => service.name)], edges);
  const nodes = ratings(
    lane.run.services.map((one) => [
      one.name,
      worstPhase(one.byPhase, (figures) => figures.amplification)?.value ?? null,
    ]),
  );
  const links = ratings(
    lane.run.edges.map((one) => [
      one.id,
      worstPhase(one.byPhase, (figures) => figures.attemptsPerCall)?.value ?? null,
    ]),
  );
  const service = new Map(services.map((one) => [one.name, one]));
  const { width, height } = layout;
  return `<figure class="graph">
<figcaption><i class="mark ${lane.style} main"></i><strong>${html(lane.name)}</strong></figcaption>
<div class="wide" tabindex="0" role="region" aria-label="${html(`Call graph, ${lane.name}`)}">
<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" style="min-width:${Math.round(width * LEAST)}px" role="img" aria-label="${html(spoken(lane.run, nodes, links))}">
${layout.links.map((link) => linkPath(link, links.get(link.id))).join('')}
${layout.boxes.map((box) => boxSvg(box, service.get(box.name), nodes.get(box.name))).join('')}
${layout.links.map((link) => linkLabel(link, links.get(link.id))).join('')}</svg></div></figure>
`;
}

function ratings(values: readonly (readonly [string, number | null])[]): Map<string, Rating> {
  const most = Math.max(...values.map(([, value]) => value ?? 0));
  // The first of several that are as bad: nearest to the users, where it begins.
  const worst = most > 1.05 ? values.find(([, value]) => value === most)?.[0] : undefined;
  return new Map(
    values.map(([name, value]) => [name, { value, level: levelOf(value), worst: name === worst }]),
  );
}

function levelOf(value: number | null): Level {
  if (value === null || value <= 1.2) return 'calm';
  if (value <= 2) return 'raised';
  return value <= 4 ? 'high' : 'severe';
}

function boxSvg(box: Box, service: GraphService | undefined, rating: Rating | undefined): string {
  const { x, y, width, height } = box;
  const level = rating?.level ?? 'calm';
  const kind = service === undefined ? 'users' : service.external ? 'external' : 'own';
  const second =
    service === undefined
      ? 'users'
      : rating?.value === null || rating === undefined
        ? sizeText(service)
        : `${written(rating.value, 'ratio')} requests${rating.worst ? ', worst' : ''}`;
  const full = service === undefined ? box.name : `${box.name}: ${sizeText(service)}`;
  return `<g class="node ${kind} ${level}"><title>${html(full)}</title>
<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${service === undefined ? height / 2 : 4}"/>
<text class="name" x="${x + width / 2}" y="${y + 21}">${html(shortened(box.name))}</text>
<text class="figure" x="${x + width / 2}" y="${y + 38}">${html(second)}</text></g>`;
}

function sizeText({ replicas, workers, external }: GraphService): string {
  return `${external ? 'external, ' : ''}${replicas} × ${workers} workers`;
}

function linkPath(link: Link, rating: Rating | undefined): string {
  const [x = '0', y = '0'] = link.path.split(' ').slice(-2);
  const tip = `M${Number(x) - 9} ${Number(y) - 4.5}L${x} ${y}L${Number(x) - 9} ${Number(y) + 4.5}`;
  return `<g class="link ${rating?.level ?? 'calm'}"><title>${html(link.id)}</title><path d="${link.path}"/><path class="tip" d="${tip}"/></g>`;
}

function linkLabel(link: Link, rating: Rating | undefined): string {
  if (rating === undefined || rating.value === null) return '';
  const { x, y } = link.label;
  const text = `${written(rating.value, 'ratio')}${rating.worst ? ' worst' : ''}`;
  const half = rating.worst ? 46 : 27;
  return `<g class="label ${rating.level}"><rect x="${x - half}" y="${y - 10}" width="${2 * half}" height="20" rx="10"/><text x="${x}" y="${y + 4.5}">${text}</text></g>`;
}

/** Cut in the middle: `recommendations-eu` and `recommendations-us` differ at the end. */
function shortened(name: string): string {
  const letters = [...name];
  const around = (kept: number): string =>
    [...letters.slice(0, Math.ceil(kept / 2)), '…', ...letters.slice(-Math.floor(kept / 2))].join(
      '',
    );
  if (breadth(name) <= NAME_ROOM) return name;
  let kept = Math.min(letters.length, NAME_ROOM) - 1;
  while (kept > 2 && breadth(around(kept)) > NAME_ROOM) kept -= 1;
  return around(kept);
}

/** In letters of usual breadth, roughly: fonts differ. */
function breadth(text: string): number {
  return [...text].reduce(
    (sum, letter) => sum + (BROAD[letter] ?? (/[A-Z]/.test(letter) ? 1.2 : 1)),
    0,
  );
}

const BROAD: Readonly<Record<string, number>> = { W: 1.7, M: 1.5, m: 1.5, w: 1.4 };

function spoken(
  run: RunResult,
  nodes: ReadonlyMap<string, Rating>,
  links: ReadonlyMap<string, Rating>,
): string {
  const said = (of: ReadonlyMap<string, Rating>) =>
    Array.from(of, ([name, { value }]) => `${name} ${written(value, 'ratio')}`).join(', ');
  return `Call graph of ${run.lane}. Amplification at services: ${said(nodes)}. Attempts a call on edges: ${said(links)}.`;
}
