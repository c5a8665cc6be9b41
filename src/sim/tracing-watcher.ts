/** Puts what passes at the nodes into the trace, and on to the checkers. */
import type { Checks } from './checkers/checks.ts';
import type { Coverage } from './coverage.ts';
import type { Observer } from './observer.ts';
import type { Trace } from './trace.ts';
import type { Watcher, World } from './world.ts';

export interface TracingWatcherOptions {
  readonly nodes: World['nodes'];
  readonly checks: Checks;
  readonly observer: Observer;
  readonly trace: Trace;
  readonly coverage: Coverage;
  /** Hears what a checker found. */
  readonly failed: (error: unknown) => void;
}

/**
 * It is called by the product, which may do with an error what it likes: a process that ends at
 * the moment does not tell. So what a checker finds is reported here, before it is thrown.
 */
export class TracingWatcher implements Watcher {
  readonly #options: TracingWatcherOptions;

  constructor(options: TracingWatcherOptions) {
    this.#options = options;
  }

  opened: Watcher['opened'] = (node, restored) => {
    const { checks, coverage } = this.#options;
    if (node.durable.hasPending) coverage.count('restart-with-write-under-way');
    if (restored.tail === 'torn') coverage.count('torn-tail');
    this.#reported(() => checks.opened(node, restored));
  };

  stored: Watcher['stored'] = (node, change) => {
    this.#reported(() => this.#options.checks.stored(node, change));
  };

  saved: Watcher['saved'] = (node, file, lines) => {
    this.#reported(() => this.#options.checks.saved(node, file, lines));
  };

  started: Watcher['started'] = (node) => {
    const { checks, coverage } = this.#options;
    if (node.node?.raft.state.recovery !== null) coverage.count('recovering-start');
    if (this.#isWholeClusterRecovering(node)) coverage.count('recovering-all');
    this.#reported(() => checks.started(node));
  };

  stepped: Watcher['stepped'] = (node) => {
    this.#reported(() => this.#options.checks.stepped(node));
  };

  event: Watcher['event'] = (node, event) => {
    this.#reported(() => this.#options.checks.event(node, event));
  };

  sent: Watcher['sent'] = (node, message) => {
    const { checks, trace } = this.#options;
    trace.line(node.name, () => `sends ${describeMessage(message)}`);
    this.#reported(() => checks.sent(node, message));
  };

  received: Watcher['received'] = (node, message) => {
    const { checks, trace, observer } = this.#options;
    trace.line(node.name, () => `gets ${describeMessage(message)}`);
    this.#reported(() => checks.received(node, message));
    observer.received(node, message);
  };

  snapshotConfirmed: Watcher['snapshotConfirmed'] = (by, snapshot) => {
    const { checks, trace } = this.#options;
    trace.line(by.name, `confirms snapshot ${snapshot.index}`);
    this.#reported(() => checks.snapshotConfirmed(by, snapshot));
  };

  ended: Watcher['ended'] = (node) => {
    const { checks, observer } = this.#options;
    observer.ended(node);
    this.#reported(() => checks.ended(node));
  };

  /** Not that it has just been founded. */
  #isWholeClusterRecovering({ node }: Parameters<Watcher['started']>[0]): boolean {
    if (node === null || node.raft.state.log.lastIndex < 2) return false;
    const { voters } = node.raft.state;
    const { nodes } = this.#options;
    return voters.every((id) => (nodes.get(id)?.node?.raft.state.recovery ?? null) !== null);
  }

  #reported(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.failed(error);
      throw error;
    }
  }
}

function describeMessage(message: Parameters<Watcher['sent']>[1]): string {
  if (message.type !== 'append') return JSON.stringify(message);
  const { entries, ...head } = message;
  return `${JSON.stringify(head)} with ${entries.length} entries`;
}
