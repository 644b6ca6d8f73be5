/**
 * Names come from users' files. Whatever goes into a page or a comment passes through here, so
 * that a name can be ugly but never markup.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For HTML's text and for attributes in quotes. */
export function html(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (found) => ENTITIES[found] ?? '');
}

/** JSON for a script element: `<` would let a string end the element. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', String.raw`\u003c`)
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`);
}

/**
 * For a cell or a line of GitHub's Markdown: no table, markup, link, HTML or mention begins in
 * it, and it stays on its line.
 */
export function markdown(text: string): string {
  return printable(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[&<>]/g, (found) => ENTITIES[found] ?? '')
    .replaceAll(/[\\`*_[\]|~#!$]/g, String.raw`\$&`)
    .replaceAll('@', '@\u200b')
    .replaceAll('://', ':\u200b//');
}

/** A fenced block that its content cannot close. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${printable(text)}\n${fence}`;
}

/** Control characters, and those that turn the direction of what follows, become visible. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
