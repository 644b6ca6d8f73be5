#!/usr/bin/env node
// Plain JavaScript, so that an old Node says what it lacks instead of failing somewhere.
if (Number.parseInt(process.versions.node, 10) < 22) {
  console.error(`holdfast needs Node 22 or newer; this is ${process.version}`);
  process.exit(2);
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    // Whoever reads may have seen enough: `holdfast audit | head`.
    if (error.code === 'EPIPE') process.exit();
    if (stream === process.stdout) console.error(`holdfast: stdout: ${error.message}`);
    process.exit(2);
  });
}

const { main } = await import('../dist/cli/main.js');
process.exitCode = await main(process.argv.slice(2));
