/** What must not stay behind when the run is ended from outside: processes, namespaces, mounts. */
import { ProcessTree } from '../../../src/cli/process-tree.ts';

const undoing = new Set<() => void>();

/** Something that has to be undone; given back, it is undone once and forgotten. */
export function undoneAtTheEnd(undo: () => void): () => void {
  const once = (): void => {
    if (undoing.delete(once)) undo();
  };
  undoing.add(once);
  return once;
}

/** Ends every process that was started from here, then undoes the rest. */
export function removeLeftovers(): void {
  const tree = new ProcessTree(process.pid);
  tree.look();
  tree.ended(process.pid);
  tree.kill('SIGKILL');
  for (const undo of undoing) undo();
}
