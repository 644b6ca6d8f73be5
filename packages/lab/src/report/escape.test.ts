import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fenced, html, markdown, scriptJson } from './escape.ts';

it('leaves nothing in HTML that could begin an element or end an attribute', () => {
  expect(html(`<b a="1" c='2'>&</b>`)).toBe(
    '&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;',
  );
  expect(html('a\u0000\u202eb\tc')).toBe('a\ufffd\ufffdb\tc');
});

it('writes JSON that cannot end its script, and reads back as what it was', () => {
  const text = '</script><!--<script>\u2028';
  expect(scriptJson([text])).not.toMatch(/[<\u2028]/);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(scriptJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      expect(scriptJson(value)).not.toContain('<');
    }),
  );
});

it('keeps a cell of Markdown in its column and on its line', () => {
  expect(markdown('a|b\n# c')).toBe(String.raw`a\|b \# c`);
  expect(markdown(String.raw`a\|b`)).toBe(String.raw`a\\\|b`);
});

it('fences with more ticks than it holds', () => {
  expect(fenced('x', 'sh')).toBe('```sh\nx\n```');
  expect(fenced('a ```` b', 'sh')).toBe('`````sh\na ```` b\n`````');
});
