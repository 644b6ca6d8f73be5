import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { reportFixture, wholeFixture } from '../../test/report-fixture.ts';
import { html } from './escape.ts';
import { htmlReport } from './html.ts';

/**
 * The report in a real browser, run as a child without a window. Set HOLDFAST_BROWSER to the browser to use, and
 * HOLDFAST_SCREENSHOTS to a directory to keep the pictures in and look at them.
 */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Of the window, in pixels: what a picture shows of the page. */
const HEIGHT = 2400;

const browser = findBrowser();
const directory = mkdtempSync(join(tmpdir(), 'holdfast-report-'));
const pictures = process.env['HOLDFAST_SCREENSHOTS'] ?? directory;
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Moves the pointer over a plot, opens all tables, and writes what it saw into the page. */
const PROBE = `<script>
addEventListener('load', () => {
  const reader = document.querySelector('.reader');
  const { left, width } = reader.getBoundingClientRect();
  reader.dispatchEvent(new PointerEvent('pointermove', { clientX: left + width * 0.225 }));
  const moved = [...document.querySelector('[data-plot]').querySelectorAll('output')].map((one) => one.textContent);
  reader.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
  const spoken = reader.getAttribute('aria-valuetext');
  document.querySelectorAll('details').forEach((one) => { one.open = true; });
  // Something that scrolls by itself may be as wide as it likes.
  const wide = [...document.body.querySelectorAll('*')].filter((one) =>
    !one.closest('.wide, .skip') && one.getBoundingClientRect().right > innerWidth + 1);
  const seen = { moved, spoken, width: document.documentElement.scrollWidth, inner: innerWidth,
    wide: wide.map((one) => one.className + ' ' + one.textContent.slice(0, 40)),
    paper: getComputedStyle(document.body).backgroundColor,
    graph: document.querySelector('.graph svg').getBoundingClientRect().height,
    shades: getComputedStyle(document.querySelector('.graph .wide')).backgroundAttachment,
    together: getComputedStyle(document.querySelector('.graphs')).breakInside };
  const out = document.createElement('pre');
  out.id = 'seen';
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
});
</script>`;

interface Seen {
  readonly moved: string[];
  readonly spoken: string;
  readonly width: number;
  readonly inner: number;
  readonly wide: string[];
  readonly paper: string;
  /** What moves with the contents of a call graph that scrolls, and what stays with its edges. */
  readonly shades: string;
  /** How high the first call graph is. */
  readonly graph: number;
  /** Whether all call graphs must be on one sheet. */
  readonly together: string;
}

/** Ends scripts if it gets the chance, and has no place to break a line. */
const hostile = `</script><script>console.error('in')</script>${'long'.repeat(30)}`;

// A test that ran nothing must not look like one that passed: its name says why it was skipped.
const where = browser ?? `no browser: none of ${NAMES.join(', ')} is on the PATH`;

describe.skipIf(browser === null)(`the page (${where})`, { timeout: 60_000 }, () => {
  const pages = {
    plain: htmlReport(reportFixture()),
    whole: htmlReport(wholeFixture()),
    hostile: htmlReport(
      reportFixture({
        fleet: hostile,
        scenario: hostile,
        users: hostile,
        services: [1, 2, 3, 4, 5].map((index) => `${index}${hostile}`) as never,
        lanes: [hostile, 'holdfast'],
      }),
    ),
  };

  for (const [name, page] of Object.entries(pages)) {
    for (const width of [400, 1280]) {
      it(`fits ${width} pixels without an error (${name})`, async () => {
        const { seen, errors } = await look(page, name, width);
        expect(errors).toEqual([]);
        // The page is as wide as it was asked to be, or the next two lines would prove nothing.
        expect(seen.inner).toBe(width);
        expect(seen.wide).toEqual([]);
        expect(seen.width).toBeLessThanOrEqual(width);
      });
    }
  }

  it('shows by a shade where more is to be scrolled to, but on paper', async () => {
    const { seen } = await look(pages.plain, 'shades', 1280);
    // Covers move with the contents, and uncover the shades, which stay, where something is cut.
    expect(seen.shades).toBe('local, local, scroll, scroll');
    const paper = await look(printed(pages.plain), 'no-shades', 703);
    expect(paper.seen.shades).toBe('scroll');
  });

  for (const [name, page] of Object.entries(pages)) {
    it(`prints nothing that is wider than the paper (${name})`, async () => {
      // A sheet of A4 less its margins; on paper nothing scrolls, so that tables count as well.
      const { seen } = await look(inWiderLetters(printed(page)), `print-${name}`, 703);
      expect([seen.inner, seen.paper]).toEqual([703, 'rgb(255, 255, 255)']);
      expect(seen.width).toBeLessThanOrEqual(703);
    });
  }

  it('prints call graphs that have room on a sheet each, however many services there are', async () => {
    const { graph, ...report } = reportFixture();
    const names = Array.from({ length: 40 }, (_, at) => `service-${at}`);
    const many = {
      users: graph.users,
      services: names.map((name) => ({ ...graph.services[0]!, name })),
      edges: names.map((to) => ({
        ...graph.edges[0]!,
        id: `shoppers > ${to}`,
        from: graph.users[0]!,
        to,
      })),
    };
    const page = htmlReport({ ...report, graph: many });
    const { seen } = await look(printed(page), 'print-graph', 703);
    // 297 mm less the margins and a few lines of heads: higher, and the sheet before it stays empty.
    expect(seen.graph).toBeLessThanOrEqual((240 / 25.4) * 96);
    expect(seen.together).toBe('auto');
  });

  it('reads the values of every lane under the pointer, and with the keys', async () => {
    const { seen } = await look(pages.plain, 'hover', 1280);
    // 22.5 % of 200 s is 45 s, amid the fault; what is seen there is 4 % of the arrivals.
    expect(seen.moved).toHaveLength(3);
    expect(Number(seen.moved[0])).toBeGreaterThan(90);
    expect(Number(seen.moved[1])).toBeLessThan(5);
    expect(Number(seen.moved[2])).toBeLessThan(5);
    expect(seen.spoken.replaceAll('\u202f', ' ')).toMatch(
      /^46\.5 s: arrivals \d+.*, naive \d.*, holdfast \d/,
    );
  });

  it.each(['light', 'dark'])('has its colours in %s, and is a picture', async (scheme) => {
    const { seen } = await look(pages.plain, `colours-${scheme}`, 1280, scheme);
    expect(seen.paper).toBe(scheme === 'dark' ? 'rgb(21, 23, 27)' : 'rgb(255, 254, 251)');
    for (const width of [400, 1280]) {
      const picture = join(pictures, `${scheme}-${width}.png`);
      await run(pages.whole, `picture-${scheme}-${width}`, width, [
        `--screenshot=${picture}`,
        ...schemeFlags(scheme),
      ]);
      // An empty page of this size compresses to a few kB.
      expect(statSync(picture).size).toBeGreaterThan(50_000);
    }
  });
});

function printed(page: string): string {
  return page.replace('@media print', '@media all');
}

/** The fonts are those of each machine, and their letters differ by a few percent. */
function inWiderLetters(page: string): string {
  return page.replace('</style>', () => '* { letter-spacing: 0.3px !important }</style>');
}

async function look(page: string, name: string, width: number, scheme = 'light') {
  const probed = page.replace('</body>', () => `${PROBE}</body>`);
  const { stdout, stderr } = await run(probed, `${name}-${width}`, width, [
    '--dump-dom',
    ...schemeFlags(scheme),
  ]);
  const json = /<pre id="seen">(.*?)<\/pre>/s.exec(stdout)?.[1];
  if (json === undefined || json === '')
    throw new Error(`The page's own script did not run: ${stderr}`);
  const seen = JSON.parse(
    json.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  ) as Seen;
  return { seen, errors: stderr.split('\n').filter((line) => line.includes(':CONSOLE')) };
}

function run(page: string, name: string, width: number, flags: readonly string[]) {
  if (browser === null) throw new Error('no browser');
  const file = join(directory, `${name}.html`);
  writeFileSync(file, framed(page, width));
  return promisify(execFile)(
    browser,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--enable-logging=stderr',
      `--user-data-dir=${join(directory, `profile-${name}`)}`,
      `--window-size=${width},${HEIGHT}`,
      ...flags,
      pathToFileURL(file).href,
    ],
    { maxBuffer: 64 * 2 ** 20, timeout: 50_000 },
  );
}

/** A window is never narrower than some 500 pixels; a frame in it is as narrow as it is told. */
function framed(page: string, width: number): string {
  return `<!doctype html><meta name="color-scheme" content="light dark"><body style="margin:0">
<iframe style="border:0;display:block;width:${width}px;height:${HEIGHT}px" srcdoc="${html(page)}"></iframe>
<pre id="seen"></pre>
<script>
const frame = document.querySelector('iframe');
frame.onload = () => {
  const seen = frame.contentDocument.getElementById('seen');
  document.getElementById('seen').textContent = seen ? seen.textContent : '';
};
</script>`;
}

function schemeFlags(scheme: string): string[] {
  return [`--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`];
}

function findBrowser(): string | null {
  const told = process.env['HOLDFAST_BROWSER'];
  if (told !== undefined) return told;
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  for (const name of NAMES) {
    for (const place of directories) {
      const file = join(place, name);
      if (existsSync(file) && executable(file)) return file;
    }
  }
  return null;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
