/**
 * What the page does by itself: the numbers under the pointer, for all plots of a scenario at
 * once, and with the arrow keys. Without it, and on paper, the page lacks nothing else.
 */
export const CLIENT = String.raw`
(() => {
  'use strict';
  const scenarios = JSON.parse(document.getElementById('data').textContent);
  document.querySelectorAll('[data-scenario]').forEach((section, number) => {
    const { moments, readings } = scenarios[number];
    const plots = [...section.querySelectorAll('[data-plot]')].map((figure, index) => {
      const canvas = figure.querySelector('.canvas');
      const cursor = document.createElement('i');
      cursor.className = 'cursor';
      const reader = document.createElement('div');
      reader.className = 'reader';
      reader.append(cursor);
      canvas.append(reader);
      const name = figure.querySelector('strong').textContent;
      const entries = [...figure.querySelectorAll('.entry')];
      return {
        reader, cursor, name, readings: readings[index],
        labels: entries.map((entry) => entry.textContent.trim()),
        outputs: entries.map((entry) => entry.querySelector('output')),
      };
    });
    let current = -1;
    const show = (at) => {
      current = at;
      for (const { reader, cursor, outputs, labels, readings } of plots) {
        cursor.style.left = at < 0 ? '' : ((at + 0.5) / moments.length) * 100 + '%';
        cursor.dataset.at = moments[at] ?? '';
        cursor.classList.toggle('late', at > moments.length / 2);
        reader.classList.toggle('read', at >= 0);
        outputs.forEach((output, line) => {
          output.textContent = at < 0 ? '' : (readings[line][at] ?? '');
        });
        reader.setAttribute('aria-valuenow', Math.max(0, at));
        reader.setAttribute('aria-valuetext', at < 0 ? 'no moment chosen'
          : moments[at] + ': ' + labels.map((label, line) => label + ' ' + readings[line][at]).join(', '));
      }
    };
    for (const { reader, name } of plots) {
      reader.tabIndex = 0;
      reader.setAttribute('role', 'slider');
      reader.setAttribute('aria-label', name + ': values over time, use the arrow keys');
      reader.setAttribute('aria-valuemin', 0);
      reader.setAttribute('aria-valuemax', moments.length - 1);
      const point = (event) => {
        const { left, width } = reader.getBoundingClientRect();
        const share = (event.clientX - left) / width;
        show(Math.min(moments.length - 1, Math.max(0, Math.floor(share * moments.length))));
      };
      reader.addEventListener('pointermove', point);
      reader.addEventListener('pointerdown', point);
      reader.addEventListener('pointerleave', () => show(-1));
      reader.addEventListener('keydown', (event) => {
        const steps = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
        if (event.key === 'Escape') return show(-1);
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        show(Math.min(moments.length - 1, Math.max(0, Math.max(0, current) + step)));
      });
    }
    show(-1);
  });
})();
`;
