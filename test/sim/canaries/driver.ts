/** CANARIES of the node around the core: the driver, proposals, calls to the leader, hashes. */
import type { Canary } from './canary.ts';

export const DRIVER: readonly Canary[] = [
  {
    name: 'answers leave before the batch they rest on is durable',
    file: 'src/node/loop/driver.ts',
    find: '    for (const message of ready.messages) hooks.send(message);',
    replace:
      '    for (const message of ready.messages) hooks.send(message);\n' +
      '    for (const message of ready.messagesAfterPersist) hooks.send(message);',
  },
  {
    name: 'a batch of several steps keeps the first term and vote of them',
    file: 'src/node/loop/persister.ts',
    find: '    state = ready.state ?? state;',
    replace: '    state = state ?? ready.state;',
  },
  {
    name: 'the term of a snapshot is on disk before the term of its sender',
    foundBy: 'test/node/loop/persister.test.ts',
    seldom: 'Takes a newer term in the same batch as a snapshot.',
    file: 'src/node/loop/persister.ts',
    find:
      '        if (state !== null) ' +
      'await this.#storage.append({ state, entries: [] }, progressed);\n' +
      '        this.#hooks.progressed();\n',
    replace: '',
  },
  {
    name: 'the entry of another leader answers a proposal',
    file: 'src/node/loop/proposals.ts',
    find: 'if (waiting.term === entry.term) waiting.resolve(result);',
    replace: 'if (waiting.term <= entry.term) waiting.resolve(result);',
  },
  {
    name: 'a write that was not committed in time is said not to have happened',
    file: 'src/node/loop/proposals.ts',
    find: "          waiting.reject(unknown('not committed in time'));",
    replace: '          waiting.reject(lost(0));',
  },
  {
    name: 'a write that a snapshot went past is said not to have happened',
    foundBy: 'test/node/loop/proposals.test.ts',
    seldom: 'Takes a leader that is deposed and gets a snapshot before its clients give up.',
    file: 'src/node/loop/proposals.ts',
    find: "this.#drop(index, unknown('a snapshot went past the entry'));",
    replace: 'this.#drop(index, lost(index));',
  },
  {
    name: 'who waits for an index is forgotten when the index is given out anew',
    foundBy: 'test/node/loop/proposals.test.ts',
    seldom: 'Takes a leader that loses its tail and leads again before its clients give up.',
    file: 'src/node/loop/proposals.ts',
    find: '      const older = this.#atIndex.get(index) ?? null;',
    replace: '      const older = null;',
  },
  {
    name: 'what waits to be committed is counted for ever',
    known: 'etcd-io/raft@a370b6f',
    foundBy: 'test/node/loop/proposals.test.ts',
    seldom: 'The limit is far beyond all that is written in a run.',
    file: 'src/node/loop/proposals.ts',
    find: '      this.#bytes -= waiting.bytes;\n',
    replace: '',
  },
  {
    name: 'a write without a name is sent again',
    known: 'etcd-io/etcd#14890',
    foundBy: 'test/node/leader/leader-calls.test.ts',
    seldom: 'Takes an outcome that is open before the time is over: only a snapshot gives one.',
    file: 'src/node/leader/leader-calls.ts',
    find: 'const mayRepeat = requestId !== null && operation.mayRepeat(body);',
    replace: 'const mayRepeat = operation.mayRepeat(body);',
  },
  {
    name: 'a refusal after an attempt without an answer is told as it is',
    file: 'src/node/leader/leader-calls.ts',
    find: '      isOpen ||= outcome.isOpen;\n',
    replace: '',
  },
  {
    name: 'a node names its requests as it did before its restart',
    file: 'src/node/parts.ts',
    find: '-${prng.uint32().toString(36)}`',
    replace: '`',
  },
  {
    name: 'a request that was sent again is answered with the next one of its series',
    file: 'src/node/leader/leader-calls.ts',
    find: 'return `${this.#options.lifeName}-${series}.',
    replace: 'return `${this.#options.lifeName}-0.',
  },
  {
    name: 'a follower carries a write out as a leader would',
    foundBy: 'test/node/leader/leader-calls.test.ts',
    seldom: 'The core takes nothing from who does not lead.',
    file: 'src/node/leader/leader-calls.ts',
    find: 'if (leader() !== self || this.#closed !== null) {',
    replace: 'if (this.#closed !== null) {',
  },
  {
    name: 'the state is read before a snapshot that was received is on disk',
    foundBy: 'test/node/loop/applier.test.ts',
    seldom: 'Takes entries that are committed while a snapshot is being installed.',
    file: 'src/node/loop/applier.ts',
    find: '        if (!task.installed) return null;\n',
    replace: '',
  },
  {
    name: 'entries that a snapshot holds are applied again',
    known: 'rqlite/rqlite#2759',
    foundBy: 'test/node/loop/applier.test.ts',
    seldom: 'The core hands out no entry twice, and the state machine takes none.',
    file: 'src/node/loop/applier.ts',
    find: '    if (entry.index <= this.appliedIndex) return;\n',
    replace: '',
  },
  {
    name: 'a hash of the present is given for one of the past',
    file: 'src/node/hashes/hash-points.ts',
    find: '      if (index === reached) this.#take(index);',
    replace: '      this.#points.set(index, this.#view.hash());',
  },
  {
    name: 'a state is compared with what it was before the last entry',
    file: 'src/node/parts.ts',
    find: '    this.hashPoints.applied(entry.index);\n',
    replace: '    this.hashPoints.applied(entry.index + 1);\n',
  },
];
