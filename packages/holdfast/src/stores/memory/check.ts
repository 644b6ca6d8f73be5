const ONE_OF_SEVERAL =
  'The store is in the memory of this worker of node:cluster (as in the cluster mode of PM2): the other workers do not know ' +
  'its keys, and what was done for them may be done again. Use a store that they share, such as SQLite.';

/** What endangers the records of a process, in whole sentences. */
export function warnings(): readonly string[] {
  // By name, not imported, so that bundles for other runtimes still load.
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(id: string): unknown };
  };
  const cluster = process?.getBuiltinModule?.('node:cluster') as { isWorker?: boolean } | undefined;
  return cluster?.isWorker === true ? [ONE_OF_SEVERAL] : [];
}
