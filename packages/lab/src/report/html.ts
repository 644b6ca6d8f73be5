import type { SimulationReport } from '../simulate/report.ts';
import type { Sweep } from '../simulate/sweep.ts';
import { CLIENT } from './client.ts';
import { html, scriptJson } from './escape.ts';
import { graphHtml } from './graph.ts';
import { written } from './numbers.ts';
import { moments, plotHtml, readings } from './plot.ts';
import { type PlotGroup, plotGroups } from './plots.ts';
import { STYLE } from './style.ts';
import { type Table, expectationsTable, faultsText, figureTables, seedsTable } from './tables.ts';
import { type LaneView, type ScenarioView, scenariosOf } from './view.ts';
import { amplificationText, goodputText, seedsText, verdictMeaning, verdictText } from './words.ts';

/** A report as one HTML file that needs nothing else: no network, and no script but for the numbers on hover. */
export function htmlReport(report: SimulationReport): string {
  const views = scenariosOf(report);
  const groups = views.map((view) => plotGroups(view));
  const sections = views.map((view, index) =>
    scenarioHtml(report, view, groups[index] ?? [], index),
  );
  const data = views.map((view, index) => ({
    moments: moments(view),
    readings: (groups[index] ?? []).flatMap((group) => group.plots.map(readings)),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(report.fleet)}: simulation</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">To the results</a>
<header>
<p class="kicker">Holdfast simulation</p>
<h1>${html(report.fleet)}</h1>
<dl class="facts">
<dt>Made by</dt><dd><code>${html(report.command)}</code></dd>
<dt>${report.seeds.length === 1 ? 'Seed' : 'Seeds'}</dt><dd>${html(seedsOf(report))}</dd>
</dl>
</header>
${views.length > 1 ? overviewHtml(views) : ''}<main id="main">
${sections.join('')}${report.sweep === null ? '' : sweepHtml(report.sweep)}</main>
<footer>
<p class="note">Time in this report is virtual: the clients and servers of the simulation ran the policies that production runs. The command above makes the same bytes again.</p>
</footer>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${CLIENT}</script>
</body>
</html>
`;
}

/** The seeds in words; the first is the one whose runs are drawn, if any are. */
export function seedsOf({ seeds, runs }: SimulationReport): string {
  if (seeds.length === 1 || runs.length === 0) return ranges(seeds);
  return `${ranges(seeds)}; plots, graphs and tables of phases are of seed ${seeds[0]}`;
}

/** `3, 5 to 7` */
function ranges(numbers: readonly number[]): string {
  const found: number[][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last.at(-1) === number - 1) last.push(number);
    else found.push([number]);
  }
  return found
    .map((range) => (range.length > 2 ? `${range[0]} to ${range.at(-1)}` : range.join(', ')))
    .join(', ');
}

/** All scenarios' verdicts at a glance, each a link to its scenario. */
function overviewHtml(views: readonly ScenarioView[]): string {
  const items = views.map((view, index) => {
    const verdicts = view.lanes.map((lane) => `${lane.name}: ${verdictText(lane.run.verdict)}`);
    return `<li><a href="#s${index}">${html(view.name)}</a> <span class="note">${html(verdicts.join('; '))}</span></li>\n`;
  });
  return `<nav aria-label="Scenarios"><h2>Scenarios</h2>\n<ol>\n${items.join('')}</ol></nav>\n`;
}

function scenarioHtml(
  report: SimulationReport,
  view: ScenarioView,
  groups: readonly PlotGroup[],
  index: number,
): string {
  const of = (kind: PlotGroup['kind']) =>
    groups
      .filter((group) => group.kind === kind)
      .map((group) => groupHtml(view, group))
      .join('');
  const faults = faultsText(view);
  const expectations = expectationsTable(view);
  const seeds = seedsTable(view);
  return `<section class="scenario" id="s${index}" data-scenario aria-labelledby="h${index}">
<p class="kicker">Scenario</p>
<h2 id="h${index}">${html(view.name)}</h2>
${view.about === '' ? '' : `<p class="about">${html(view.about)}</p>\n`}<p class="note">${html(`${written(view.duration, 'ms')} of virtual time. ${faults === '' ? 'No faults.' : `Faults: ${faults}.`}`)}</p>
<ul class="verdicts">
${view.lanes.map(laneHtml).join('')}</ul>
${expectations.rows.length === 0 ? '' : `<h3>Expectations</h3>\n${wordsHtml(expectations)}`}
<h3>What users met</h3>
${of('users')}
<h3>The call graph</h3>
<p class="note">In a box: requests that reached the service for each that would have, had nobody retried. On an arrow: attempts a call. Each figure is from the phase in which it was worst.</p>
<div class="graphs">${view.lanes.map((lane) => graphHtml(report, lane)).join('')}</div>
<h3>Services over time</h3>
${of('service')}
<h3>Edges over time</h3>
${of('edge')}
<h3>Figures</h3>
${figureTables(view)
  .map((table) => figuresHtml(table, view))
  .join('')}${seeds === null ? '' : figuresHtml(seeds, view)}
</section>
`;
}

function laneHtml(lane: LaneView): string {
  const { run } = lane;
  const bad = run.verdict.kind === 'metastable' || run.verdict.kind === 'unsettled';
  const failed = lane.expectations.filter((one) => !one.holds).length;
  const count = lane.expectations.length;
  const expectations =
    count === 0 ? '' : `<dt>Expectations</dt><dd>${count - failed} of ${count} hold</dd>\n`;
  return `<li class="${lane.style}"><span class="lane">${html(lane.name)}</span>
<strong class="verdict${bad ? ' bad' : ''}">${html(verdictText(run.verdict))}</strong>
<p>${html(`${verdictMeaning(run)} ${seedsText(lane)}`.trim())}</p>
<dl class="facts">
<dt>Goodput</dt><dd>${html(goodputText(run))}</dd>
<dt>Amplification</dt><dd>at most ${html(amplificationText(run))}</dd>
${expectations}</dl></li>
`;
}

function groupHtml(view: ScenarioView, group: PlotGroup): string {
  const wide = group.kind === 'users' ? ' wide-plots' : '';
  const plots = group.plots.map((plot) => plotHtml(view, group.name, plot)).join('');
  return `<h4>${html(group.name)}</h4>\n<div class="plots${wide}">\n${plots}</div>\n`;
}

/** A table of words, which may wrap. */
function wordsHtml(table: Table): string {
  const head = table.columns.map((name) => `<th scope="col">${html(name)}</th>`).join('');
  const rows = table.rows.map(([first = '', ...cells]) => {
    const judged = cells.map((text) => {
      const kind = text.startsWith('✓') ? 'holds' : text.startsWith('✗') ? 'fails' : '';
      return `<td class="${kind}">${html(text)}</td>`;
    });
    return `<tr class="begins"><th scope="row">${html(first)}</th>${judged.join('')}</tr>\n`;
  });
  return scrolled(
    table.caption,
    `<table class="words"><thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('')}</tbody></table>`,
  );
}

/** A table of figures: what a row is of is said once, and spans the rows that share it. */
function figuresHtml(table: Table, view: ScenarioView): string {
  const styles = new Map<string, string>(view.lanes.map((lane) => [lane.name, lane.style]));
  const head = table.columns
    .map(
      (name, at) => `<th scope="col"${at < table.heads ? '' : ' class="num"'}>${html(name)}</th>`,
    )
    .join('');
  const rows = table.rows.map((row, at) => {
    const before = table.rows[at - 1];
    const heads = row.slice(0, table.heads).map((text, column) => {
      if (sharesHead(row, before, column)) return '';
      let span = 1;
      while (sharesHead(row, table.rows[at + span], column)) span++;
      const mark =
        table.columns[column] === 'lane' ? `<i class="mark ${styles.get(text)} main"></i>` : '';
      return `<th scope="${span > 1 ? 'rowgroup' : 'row'}" rowspan="${span}"${column === 0 ? '' : ' class="minor"'}>${mark}${html(text)}</th>`;
    });
    const cells = row.slice(table.heads).map((text) => `<td>${html(text)}</td>`);
    return `<tr${sharesHead(row, before, 0) ? '' : ' class="begins"'}>${heads.join('')}${cells.join('')}</tr>\n`;
  });
  const caption = `<caption>${html(table.caption)}</caption>`;
  return scrolled(
    table.caption,
    `<table>${caption}<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('')}</tbody></table>`,
  );
}

/** Whether two rows are of the same up to this column. */
function sharesHead(
  row: readonly string[],
  other: readonly string[] | undefined,
  column: number,
): boolean {
  return other !== undefined && row.slice(0, column + 1).every((text, at) => text === other[at]);
}

function scrolled(label: string, table: string): string {
  return `<div class="wide" tabindex="0" role="region" aria-label="${html(label)}">${table}</div>\n`;
}

/** The map: a cell for each value, coloured by its verdict, which it also says. Values go down the page. */
function sweepHtml(sweep: Sweep): string {
  const head = sweep.rows.map(
    ({ scenario, lane }) =>
      `<th scope="col">${html(scenario)}<br><span class="minor">${html(lane)}</span></th>`,
  );
  const rows = sweep.labels.map((value, at) => {
    const cells = sweep.rows.map((row) => {
      const { verdict, goodput } = row.cells[at]!;
      return `<td class="v-${verdict.kind}">${html(verdictText(verdict))}<br>${written(goodput, 'share')}</td>`;
    });
    return `<tr><th scope="row">${html(value)}</th>${cells.join('')}</tr>\n`;
  });
  const label = `Verdicts for each value of ${sweep.parameter}`;
  return `<section class="scenario" aria-labelledby="sweep">
<p class="kicker">Sweep</p>
<h2 id="sweep">${html(sweep.parameter)}</h2>
<p class="note">The worst verdict of the seeds, and the share of users’ requests that got a good answer in time. The verdict tells of change: a fleet that is overloaded throughout is stable too.</p>
${scrolled(label, `<table class="map"><thead><tr><td></td>${head.join('')}</tr></thead>\n<tbody>\n${rows.join('')}</tbody></table>`)}</section>
`;
}
