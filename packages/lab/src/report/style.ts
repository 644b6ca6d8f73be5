/**
 * The page's style sheet. Two lanes have their colours for good: `naive` vermilion, `holdfast`
 * blue, which people of every colour vision tell apart (Okabe and Ito, Color Universal Design, 2008).
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fffefb; --ink: #1c1d20; --muted: #5b5c63; --rule: #dedbd2; --faint: #f5f3ec;
  --naive: #d55e00; --holdfast: #0072b2;
  --other0: #00875f; --other1: #a8508a; --other2: #997300; --other3: #4c6ef5;
  --band: rgb(214 164 0 / 15%); --band-ink: #6a4f00; --load: rgb(28 29 32 / 9%);
  --bad: #a8201a; --good: #1c6b45;
  --raised: #8a6500; --high: #b34700; --severe: #a8201a;
  --serif: Charter, 'Bitstream Charter', 'Iowan Old Style', 'Palatino Linotype', Georgia, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  --mono: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171b; --ink: #e9e7e1; --muted: #a6a7ae; --rule: #34373e; --faint: #1d2025;
    --naive: #ff8b4d; --holdfast: #5ab4f2;
    --other0: #43d0a1; --other1: #e59bc9; --other2: #e0bb4f; --other3: #9fb0ff;
    --band: rgb(240 190 60 / 17%); --band-ink: #ecca74; --load: rgb(233 231 225 / 12%);
    --bad: #ff8f86; --good: #74d3a4;
    --raised: #e0bb4f; --high: #ff9d5c; --severe: #ff8f86;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 70rem; padding: 3rem clamp(1rem, 4vw, 3rem) 4rem;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 var(--serif); overflow-wrap: anywhere;
}
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
a { color: inherit; text-decoration-thickness: 1px; text-underline-offset: 0.2em; }
:focus-visible { outline: 2px solid var(--holdfast); outline-offset: 3px; }
h1, h2, h3, h4 { line-height: 1.2; font-weight: 600; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(2rem, 5vw, 2.9rem); margin: 0.1em 0 0.5em; letter-spacing: -0.015em; }
h2 { font-size: clamp(1.6rem, 4vw, 2.1rem); margin: 0 0 0.4em; letter-spacing: -0.01em; }
h3 { font-size: 1.3rem; margin: 2.6rem 0 0.9rem; padding-top: 0.8rem; border-top: 1px solid var(--rule); }
h4 { font: 600 1rem/1.3 var(--sans); margin: 2rem 0 0.7rem; }
p { margin: 0 0 0.8em; max-width: 42rem; }
.kicker { font: 600 0.8rem var(--sans); letter-spacing: 0.09em; text-transform: uppercase; color: var(--muted); margin: 0; }
.about { font-size: 1.2rem; }
.note { color: var(--muted); font: 0.875rem/1.5 var(--sans); max-width: 46rem; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.3rem 1.2rem; margin: 0; font: 0.9rem/1.5 var(--sans); }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
code { font: 0.92em var(--mono); overflow-wrap: anywhere; }
nav h2 { margin-top: 2.5rem; font-size: 1.3rem; }
nav ol { padding-left: 1.4rem; }
section.scenario { margin-top: 4.5rem; }
.verdicts { list-style: none; padding: 0; margin: 1.8rem 0 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 1.5rem 2.5rem; }
.verdicts li { border-top: 4px solid var(--lane); padding-top: 0.7rem; font: 0.9rem/1.5 var(--sans); min-width: 0; }
.verdicts .lane { font-weight: 600; overflow-wrap: anywhere; }
.verdicts .verdict { display: block; font: 600 1.75rem/1.2 var(--serif); margin: 0.1rem 0 0.4rem; }
.verdicts .bad { color: var(--bad); }
.verdicts p { margin: 0 0 0.7em; }
.verdicts .facts { font-size: 0.875rem; gap: 0.15rem 0.9rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17.5rem, 100%), 1fr)); gap: 1.6rem 2rem; }
/* Plots of one row begin at one height, however long their captions are. */
.plots figure { display: grid; grid-row: span 4; grid-template-rows: subgrid; grid-template-columns: minmax(0, 1fr); row-gap: 0; }
.plots.wide-plots { grid-template-columns: minmax(0, 1fr); gap: 2rem; }
figure { margin: 0; min-width: 0; font-family: var(--sans); }
figcaption { font-size: 0.8125rem; line-height: 1.4; margin-bottom: 0.5rem; }
figcaption strong { font-weight: 600; font-size: 0.875rem; display: block; }
figcaption span { color: var(--muted); }
.frame { display: grid; grid-template-columns: 3.4rem minmax(0, 1fr); font-size: 0.72rem; line-height: 1; color: var(--muted); font-variant-numeric: tabular-nums; }
.frame .area { grid-column: 2; position: relative; padding-top: calc(var(--rows) * 1.15rem); }
.canvas { position: relative; height: 8.5rem; border-bottom: 1px solid var(--muted); }
.wide-plots .canvas { height: 14rem; }
.canvas svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.frame .y { position: relative; grid-row: 1; margin-top: calc(var(--rows) * 1.15rem); }
.frame .y span { position: absolute; right: 0.55rem; transform: translateY(50%); white-space: nowrap; }
.frame .x { grid-column: 2; position: relative; height: 1.5rem; }
.frame .x span { position: absolute; top: 0.45rem; transform: translateX(-50%); white-space: nowrap; }
.frame .x .end { transform: translateX(-100%); }
.plots:not(.wide-plots) .x span:nth-child(even) { visibility: hidden; }
.fault { position: absolute; top: calc(var(--row) * 1.15rem); padding: 0.1rem 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--band-ink); font-weight: 600; line-height: 1.2; }
.canvas path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.canvas .grid { stroke: var(--rule); stroke-width: 1; }
.canvas .reference { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 4; }
.canvas .band { fill: var(--band); }
.canvas .main { stroke: var(--lane); stroke-width: 1.75; }
.canvas .beside { stroke: var(--lane); stroke-width: 1.25; stroke-dasharray: 3 3; }
/* A line of no length is as thick as a dot that one sees. */
.canvas .dots { stroke-width: 4.5; stroke-dasharray: none; }
.canvas .load { fill: var(--load); stroke: none; }
.naive { --lane: var(--naive); } .holdfast { --lane: var(--holdfast); }
.other0 { --lane: var(--other0); } .other1 { --lane: var(--other1); }
.other2 { --lane: var(--other2); } .other3 { --lane: var(--other3); }
.load { --lane: var(--load); }
.reader { position: absolute; inset: 0; cursor: crosshair; touch-action: pan-y; }
.cursor { display: none; position: absolute; top: 0; bottom: 0; border-left: 1px solid var(--ink); pointer-events: none; }
.read .cursor { display: block; }
.cursor::after { content: attr(data-at); position: absolute; top: 0.1rem; left: 0.3rem; padding: 0.15rem 0.3rem; background: var(--paper); color: var(--ink); font-style: normal; white-space: nowrap; opacity: 0.92; }
.cursor.late::after { left: auto; right: 0.3rem; }
.key { display: flex; flex-wrap: wrap; align-content: start; gap: 0.1rem 1.1rem; margin: 0.2rem 0 0.3rem 3.4rem; font-size: 0.8125rem; line-height: 1.5; max-width: none; }
.entry { display: inline-flex; align-items: baseline; gap: 0.4rem; min-width: 0; overflow-wrap: anywhere; }
.key output { font-variant-numeric: tabular-nums; font-weight: 600; min-width: 3em; white-space: nowrap; }
.mark { flex: none; display: inline-block; width: 1.1rem; height: 0; border-top: 3px solid var(--lane); vertical-align: middle; align-self: center; }
.mark.beside { border-top: 2px dashed var(--lane); }
.mark.load { height: 0.7rem; border: 0; background: var(--load); outline: 1px solid var(--rule); }
details.numbers { margin-left: 3.4rem; font-size: 0.8125rem; }
summary { color: var(--muted); cursor: pointer; width: fit-content; }
.wide {
  overflow-x: auto; max-width: 100%;
  /* Covers that move with the contents, over shades that stay: a shade shows where something is cut. */
  background:
    linear-gradient(to right, var(--paper) 40%, transparent) left / 3rem 100% no-repeat local,
    linear-gradient(to left, var(--paper) 40%, transparent) right / 3rem 100% no-repeat local,
    linear-gradient(to right, var(--rule), transparent) left / 1.2rem 100% no-repeat,
    linear-gradient(to left, var(--rule), transparent) right / 1.2rem 100% no-repeat;
}
table { overflow-wrap: normal; border-bottom: 1px solid var(--rule); border-collapse: collapse; font: 0.8125rem/1.4 var(--sans); font-variant-numeric: tabular-nums; margin: 0.4rem 0 1.4rem; }
caption { text-align: left; color: var(--muted); padding: 0 0 0.4rem; }
th, td { padding: 0.28rem 0.9rem 0.28rem 0; text-align: right; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; text-align: left; }
thead th { border-bottom: 1.5px solid var(--ink); vertical-align: bottom; }
thead th.num, .numbers thead th:not(:first-child) { text-align: right; }
tbody tr.begins > * { border-top: 1px solid var(--rule); }
tbody tr:first-child > * { border-top: 0; }
tbody th.minor, .map .minor { font-weight: 400; }
tbody th i.mark { margin-right: 0.45rem; }
table.words th, table.words td { text-align: left; white-space: normal; min-width: 7.5rem; }
table.words th:first-child { min-width: 11rem; font-weight: 400; }
table.words { font-size: 0.9rem; }
.holds { color: var(--good); font-weight: 600; } .fails { color: var(--bad); font-weight: 600; }
table.map td { text-align: center; border: 2px solid var(--paper); padding: 0.5rem 0.7rem; background: var(--faint); line-height: 1.35; }
table.map { border: 0; }
table.map th { vertical-align: middle; padding-right: 1.1rem; }
table.map tbody th { text-align: right; }
table.map thead th { border: 0; }
table.map thead th { text-align: center; padding: 0.28rem 0.7rem; }
table.map thead td { background: none; }
table.map tbody tr > th { border: 0; }
.map .v-stable, .map .v-degraded { background: color-mix(in srgb, var(--holdfast) 16%, var(--paper)); }
.map .v-recovers { background: color-mix(in srgb, var(--other2) 24%, var(--paper)); }
.map .v-unsettled { background: color-mix(in srgb, var(--naive) 20%, var(--paper)); }
.map .v-metastable { background: color-mix(in srgb, var(--naive) 42%, var(--paper)); font-weight: 600; }
.graphs { display: flex; flex-wrap: wrap; gap: 1.5rem 3rem; }
.graph { max-width: 100%; }
.graph figcaption { display: flex; align-items: center; gap: 0.5rem; font-size: 0.9rem; }
.graph svg { display: block; max-width: 100%; height: auto; }
.graph text { font: 13px var(--sans); text-anchor: middle; fill: var(--ink); }
.graph .calm { --level: var(--muted); } .graph .raised { --level: var(--raised); }
.graph .high { --level: var(--high); } .graph .severe { --level: var(--severe); }
.graph .name { font-weight: 600; }
.graph .figure { font-size: 11.5px; fill: var(--level); }
.graph .node rect { fill: var(--faint); stroke: var(--level); stroke-width: 1.25; }
.graph .node.high rect, .graph .node.severe rect { stroke-width: 2.5; }
.graph .external rect { stroke-dasharray: 5 3; }
.graph .users .figure { fill: var(--muted); }
.graph .link path { fill: none; stroke: var(--level); stroke-width: 1.5; }
.graph .link.raised path { stroke-width: 2; } .graph .link.high path { stroke-width: 3; } .graph .link.severe path { stroke-width: 4; }
.graph .link path.tip { fill: var(--level); stroke-width: 1; }
.graph .label rect { fill: var(--paper); stroke: var(--level); }
.graph .label text { font-size: 12px; font-weight: 600; fill: var(--level); }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
@media (max-width: 40rem) {
  body { padding-top: 1.5rem; }
  .wide-plots .canvas { height: 11rem; }
  .wide-plots .x span:nth-child(even) { visibility: hidden; }
  .frame { grid-template-columns: 2.9rem minmax(0, 1fr); }
  .key, details.numbers { margin-left: 2.9rem; }
  table.words th, table.words td { min-width: 5rem; padding-right: 0.7rem; }
  table.words th:first-child { min-width: 8rem; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: 0.5rem; }
}
@media print {
  :root {
    --paper: #fff; --ink: #000; --muted: #444; --rule: #ccc; --faint: #f6f6f6;
    --naive: #d55e00; --holdfast: #0072b2;
    --other0: #00875f; --other1: #a8508a; --other2: #997300; --other3: #4c6ef5;
    --band: #f5e9c8; --band-ink: #6a4f00; --load: #e4e4e4; --bad: #a8201a; --good: #1c6b45;
    --raised: #8a6500; --high: #b34700; --severe: #a8201a;
  }
  @page { margin: 14mm 12mm; }
  html { font-size: 12.5px; }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .skip, details.numbers, .reader, .key output { display: none; }
  figure, .verdicts li, tbody tr { break-inside: avoid; }
  h2, h3, h4, caption, thead, h3 + .note { break-after: avoid; }
  tbody tr:first-child { break-before: avoid; }
  section.scenario { margin-top: 2.5rem; }
  section.scenario + section.scenario { break-before: page; margin-top: 0; }
  h3 { margin-top: 2rem; }
  h4 { margin-top: 1.4rem; }
  .plots:not(.wide-plots) { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.2rem 1.6rem; }
  .wide-plots .canvas { height: 10.5rem; }
  .plots.wide-plots { gap: 1.2rem; }
  p, .note { max-width: none; break-inside: avoid; }
  .about { font-size: 1.1rem; }
  .graphs { display: block; }
  .graph { margin-bottom: 1rem; }
  /* A figure that is higher than a page is cut, and leaves the page before it empty. */
  .graph svg { min-width: 0 !important; max-height: 220mm; }
  footer { margin-top: 1.5rem; break-before: avoid; break-inside: avoid; }
  /* Nothing scrolls on paper: what is too wide wraps, and the longest names break anywhere. */
  .wide { overflow: visible; background: none; }
  table { max-width: 100%; font-size: 7pt; }
  table.words { font-size: 8.5pt; }
  th, td, table.map td { white-space: normal; }
  th, td { padding-right: 0.35rem; }
  tbody th { min-width: 8.5em; overflow-wrap: anywhere; }
  tbody th.minor:not(:has(i.mark)) { min-width: 0; white-space: nowrap; }
  table.map tbody th { min-width: 0; }
  table.words th, table.words td { min-width: 6em; overflow-wrap: anywhere; }
  tbody th:has(i.mark) { padding-left: 1.6rem; }
  tbody th i.mark { float: left; margin: 0.5em 0 0 -1.6rem; }
}
`;
