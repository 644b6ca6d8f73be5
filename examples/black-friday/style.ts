import { styleText } from 'node:util';
import type { LaneName, Phase } from './plan.ts';

type Style = Parameters<typeof styleText>[0];

/** Colours, if `stream` shows any (NO_COLOR and FORCE_COLOR are heeded). */
export type Paint = (style: Style, text: string) => string;
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

export const LANE_STYLE: Readonly<Record<LaneName, Style>> = {
  naive: ['bold', 'magenta'],
  holdfast: ['bold', 'cyan'],
};
export const PROVIDER_STYLE: Readonly<Record<Phase['provider'], Style>> = {
  healthy: 'green',
  slow: 'yellow',
  down: 'red',
};

/** Green for nearly all, red for less than half. */
export function goodStyle(share: number): Style {
  if (share >= 0.95) return 'green';
  return share >= 0.5 ? 'yellow' : 'red';
}

export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${Math.floor(share * 100)} %`;
}

/** `8 ms`, `950 ms`, `2.4 s`, `20 s`. */
export function time(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return '–';
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
  return `${(milliseconds / 1000).toFixed(milliseconds < 9950 ? 1 : 0)} s`;
}

export function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** Breaks text at spaces; further lines begin with `indent`. */
export function wrap(text: string, width: number, indent: string): string {
  let line = '';
  const lines: string[] = [];
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
