/** `copy`: the audit's pages go into the lab's folder, so that npm packs them. `remove`: and away again. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const packed = join(root, 'packages/lab/docs');

// Whatever is left of a pack that was ended is older than the pages.
rmSync(packed, { recursive: true, force: true });
if (process.argv[2] === 'copy') {
  cpSync(join(root, 'docs/audit'), join(packed, 'audit'), { recursive: true });
}
