import type { SimulationReport } from '../simulate/report.ts';
import { fenced, markdown } from './escape.ts';
import { seedsOf } from './html.ts';
import { written } from './numbers.ts';
import {
  type Table,
  expectationsTable,
  faultsText,
  figureTables,
  seedsTable,
  sweepTable,
} from './tables.ts';
import { type ScenarioView, scenariosOf } from './view.ts';
import { amplificationText, goodputText, seedsText, verdictText } from './words.ts';

/** A report as Markdown, for a comment on a pull request: what the HTML says, in tables. */
export function markdownReport(report: SimulationReport): string {
  const sections = scenariosOf(report).map(scenarioText);
  const sweep =
    report.sweep === null
      ? []
      : [`## Sweep of ${markdown(report.sweep.parameter)}`, tableText(sweepTable(report.sweep))];
  const head = [
    `# ${markdown(report.fleet)}: simulation`,
    `Seed${report.seeds.length === 1 ? '' : 's'}: ${markdown(seedsOf(report))}`,
    fenced(report.command, 'sh'),
  ];
  return `${[...head, ...sections, ...sweep].join('\n\n')}\n`;
}

function scenarioText(view: ScenarioView): string {
  const faults = faultsText(view);
  const expectations = expectationsTable(view);
  const seeds = seedsTable(view);
  const parts = [
    `## ${markdown(view.name)}`,
    markdown(view.about),
    markdown(
      `${written(view.duration, 'ms')} of virtual time. ${faults === '' ? 'No faults.' : `Faults: ${faults}.`}`,
    ),
    tableText(verdictsTable(view)),
    expectations.rows.length === 0 ? '' : tableText(expectations),
    folded(faults === '' ? 'Figures' : 'Figures before, during and after the fault', [
      ...figureTables(view),
      ...(seeds === null ? [] : [seeds]),
    ]),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function verdictsTable(view: ScenarioView): Table {
  return {
    caption: '',
    columns: ['lane', 'verdict', 'goodput', 'highest amplification'],
    heads: 2,
    rows: view.lanes.map((lane) => [
      lane.name,
      `${verdictText(lane.run.verdict)}. ${seedsText(lane)}`.replace(/\. $/, ''),
      goodputText(lane.run),
      amplificationText(lane.run),
    ]),
  };
}

/** Figures align to the right, what they are of to the left. */
function tableText(table: Table): string {
  const rule = table.columns.map((_, at) => (at < table.heads ? '---' : '--:'));
  const caption = table.caption === '' ? [] : [`**${markdown(table.caption)}**`, ''];
  return [
    ...caption,
    rowText(table.columns),
    `| ${rule.join(' | ')} |`,
    ...table.rows.map(rowText),
  ].join('\n');
}

function rowText(cells: readonly string[]): string {
  return `| ${cells.map(markdown).join(' | ')} |`;
}

function folded(summary: string, tables: readonly Table[]): string {
  return `<details><summary>${summary}</summary>\n\n${tables.map(tableText).join('\n\n')}\n\n</details>`;
}
