/** MISTAKES in what talks to clients and to other nodes. */
import type { Mistake } from './mistake.ts';

export const EDGE_1: readonly Mistake[] = [
  {
    name: 'a linearizable read is served without a question',
    file: 'src/http/answer/read-state.ts',
    edits: [["=== 'linearizable') {", "=== 'linearizable' && query.has('consistency')) {"]],
  },
  {
    name: 'a page that follows does not wait for its revision',
    file: 'src/http/kv/range-resource.ts',
    edits: [
      [
        'if (asked.cursor !== null && asked.revision > store.revision) await ' +
          'node.readBarrier(context);\n',
        '',
      ],
    ],
  },
  {
    name: 'a page that follows is of the present',
    file: 'src/http/kv/range-query.ts',
    edits: [
      ['return { ...selection, revision: cursor.revision, limit,', 'return { ...selection, limit,'],
    ],
  },
  {
    name: 'a page that is full ends the range',
    file: 'src/http/kv/range-page.ts',
    edits: [
      ['hasMore = page.count === limit || !page.add', 'hasMore = page.count > limit || !page.add'],
    ],
  },
  {
    name: 'a page that ends for its bytes is the last',
    file: 'src/http/kv/range-page.ts',
    edits: [['last !== null && hasMore ?', 'last !== null && hasMore && page.count === limit ?']],
  },
  {
    name: 'a condition on a put is left out when the key has a lease',
    file: 'src/http/kv/key-write.ts',
    edits: [
      [
        'const fields = { key, value: bytesOfBuffer(body), condition, prev,',
        'const fields = { key, value: bytesOfBuffer(body), condition: lease === null ' +
          '? condition : null, prev,',
      ],
    ],
  },
  {
    name: 'a delete ignores its idempotency key',
    file: 'src/http/kv/key-write.ts',
    edits: [
      [
        '  const context = contexts.write(request, server);\n' +
          '  const condition = deleteConditionOf',
        '  const context = contexts.read(request, server);\n' +
          '  const condition = deleteConditionOf',
      ],
    ],
  },
  {
    name: 'a compaction ignores its idempotency key',
    file: 'src/http/kv/history.ts',
    edits: [['contexts.write(request, server));', 'contexts.read(request, server));']],
  },
  {
    name: 'the etag of a read is that of the store',
    file: 'src/http/kv/key-resource.ts',
    edits: [
      [
        "  set.headers['etag'] = etagOf(modRevision);\n" + "  set.headers['vary']",
        "  set.headers['etag'] = etagOf(revision);\n" + "  set.headers['vary']",
      ],
    ],
  },
  {
    name: 'a read of the past is conditional on the present',
    file: 'src/http/kv/key-resource.ts',
    edits: [
      [
        'asked === 0 ? store.get(key) : store.getAt(key, revisionToRead(store, asked));',
        'asked === 0 || asked === revision - 1 ? store.get(key) : store.getAt(key, ' +
          'revisionToRead(store, asked));',
      ],
    ],
  },
  {
    name: 'a long poll hears of the revision it names',
    file: 'src/http/kv/long-poll.ts',
    edits: [['return newest.modRevision > after;', 'return newest.modRevision >= after;']],
  },
  {
    name: 'a long poll looks before it listens',
    file: 'src/http/kv/long-poll.ts',
    edits: [
      [
        '  const forget = node.onChange(range, { changed: look, jumped: look });',
        '  const forget = node.onChange(range, { changed: look, jumped: () => ' + 'undefined });',
      ],
    ],
  },
  {
    name: 'a weak etag list matches its first tag only',
    file: 'src/http/request/etag.ts',
    edits: [['  return tags.includes(etag);', '  return tags[0] === etag;']],
  },
  {
    name: 'errors that pass are remembered',
    file: 'src/http/request/once.ts',
    edits: [
      [
        'if (!(error instanceof ApiError) || passes(error.status)) throw error;',
        'if (!(error instanceof ApiError)) throw error;',
      ],
    ],
  },
  {
    name: 'what was carried out and not remembered is refused as not done',
    file: 'src/http/request/once.ts',
    edits: [
      [
        "  throw new ApiError('timeout', 'It was carried out",
        "  throw new ApiError('no-leader', 'It was carried out",
      ],
    ],
  },
  {
    name: 'a named request is looked up before this node knows of it',
    file: 'src/http/request/once.ts',
    edits: [['    await node.readBarrier(context);\n' + '    const known', '    const known']],
  },
  {
    name: 'the order of the items in a list does not matter for a name',
    file: 'src/http/request/once.ts',
    edits: [
      [
        '|| Array.isArray(value)) return value;',
        ') return value;\n' + '  if (Array.isArray(value)) return value.toSorted();',
      ],
    ],
  },
  {
    name: 'a slow reader is told to resume behind what it was not told',
    file: 'src/http/watch/watch-delivery.ts',
    edits: [
      ['const revision = first?.revision ?? watch.told + 1;', 'const revision = watch.told + 1;'],
    ],
  },
  {
    name: 'a progress mark overtakes the changes that wait',
    file: 'src/http/watch/watch-delivery.ts',
    edits: [
      [
        'if (this.#end !== null || this.#queue.length > 0) return false;',
        'if (this.#end !== null) return false;\n' +
          '    if (this.#queue.length > 0) this.#queue.unshift({ ' +
          '...this.#options.format.progress(revision), revision: null });\n' +
          '    if (this.#queue.length > 0) return true;',
      ],
    ],
  },
  {
    name: 'a delete of a range takes the last key along',
    file: 'src/http/request/key-range.ts',
    edits: [
      [
        'return { start: start ?? EMPTY_BYTES, end };',
        'return { start: start ?? EMPTY_BYTES, end: end === null ? null : ' +
          '(`${end}\\0` as ByteString) };',
      ],
    ],
  },
  {
    name: 'a lease of half a second more is a second less',
    file: 'src/http/leases/ttl.ts',
    edits: [['Math.ceil(ms / 1000) : null;', 'Math.floor(ms / 1000) : null;']],
  },
  {
    name: 'a nested answer is taken from the branch that failed',
    file: 'src/http/txn/txn-answer.ts',
    edits: [
      [
        'const ops = succeeded ? txn.success : txn.failure;',
        'const ops = succeeded || txn.success.length === txn.failure.length ? ' +
          'txn.success : txn.failure;',
      ],
    ],
  },
  {
    name: 'the revision of the state is told before the read barrier',
    file: 'src/http/answer/written.ts',
    edits: [
      [
        '  const applied = appliedOf(result);\n' +
          "  set.headers['abcd-revision'] = String(applied.revision);\n",
        '  const applied = appliedOf(result);\n',
      ],
    ],
  },
  {
    name: 'an append that travels loses its recovery',
    file: 'src/wire/raft-codec.ts',
    edits: [
      ['  return { ...message, entries };', '  return { ...message, recovery: 0, entries };'],
    ],
  },
];
