/** CANARIES of watches. */
import type { Canary } from './canary.ts';

export const WATCHES: readonly Canary[] = [
  {
    name: 'a watch that joins the present misses the first change in it',
    file: 'src/node/watch/watch-stream.ts',
    find: '    this.#next = replay.next;',
    replace: '    this.#next = replay.next > store.revision ? replay.next + 1 : replay.next;',
  },
  {
    name: 'a watch says that it is as far as the store',
    known: 'etcd-io/etcd#15220',
    file: 'src/node/watch/watch-stream.ts',
    find: "return this.#state === 'live' ? Math.max(before, this.#home.revision) : before;",
    replace: "return this.#state === 'new' ? before : this.#home.store.revision;",
  },
  {
    name: 'a watch does not notice that a snapshot took the place of the store',
    known: 'etcd-io/etcd#15271',
    file: 'src/node/parts.ts',
    find: '        this.changes.jumped();\n',
    replace: '',
  },
  {
    name: 'a watch goes back in time when a snapshot took the place of the store',
    known: 'etcd-io/etcd#15271',
    file: 'src/node/watch/watch-stream.ts',
    find: '    this.#next = this.told + 1;\n    this.group.leave(this);',
    replace: '    this.#next = this.from;\n    this.group.leave(this);',
  },
  {
    name: 'a watch that waits for its reader goes on too far',
    known: 'etcd-io/etcd#17529',
    file: 'src/node/watch/watch-stream.ts',
    find: "    this.#next = next;\n    this.#state = 'paused';",
    replace: "    this.#next = next + 1;\n    this.#state = 'paused';",
  },
  {
    name: 'a watch passes over what was compacted while it waited',
    known: 'etcd-io/etcd#17529',
    file: 'src/node/watch/watch-stream.ts',
    find: "      this.#end({ reason: 'compacted', compactRevision });\n      return false;",
    replace: '      this.#next = compactRevision;\n      return true;',
  },
  {
    name: 'a watch of the future hears of the present',
    known: 'etcd-io/etcd#20221',
    file: 'src/node/watch/watch-stream.ts',
    find: '    if (change.revision >= this.#next) this.#tell(change);',
    replace: '    this.#tell(change);',
  },
  {
    name: 'a watch may begin before what is compacted',
    file: 'src/node/watch/watches.ts',
    find: '    if (from < compactRevision) {',
    replace: '    if (from < compactRevision - 5) {',
  },
  {
    name: 'a watch shows the pair after a change for the one before it',
    file: 'src/kv/replay.ts',
    find: '        prev: prevOf(versions, kv),',
    replace: '        prev: prevOf(versions, { ...kv, modRevision: kv.modRevision + 1 }),',
  },
  {
    name: 'a watch on a node that is behind begins where that node is',
    file: 'src/node/node.ts',
    find: '    await this.readBarrier(context);\n    return this.#parts.watches.open(spec);',
    replace: '    return this.#parts.watches.open(spec);',
  },
  {
    name: 'of two changes in one step a watch hears the last',
    foundBy: 'test/node/watch/watches.test.ts',
    seldom: 'Takes a watch that is behind by more than 50 revisions which are not forgotten.',
    file: 'src/node/watch/watch-stream.ts',
    find: '    for (const change of replay.changes) {',
    replace: '    for (const change of replay.changes.slice(-50)) {',
  },
];
