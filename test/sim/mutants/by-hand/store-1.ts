/** MISTAKES in the state machine. */
import type { Mistake } from './mistake.ts';

export const STORE_1: readonly Mistake[] = [
  {
    name: 'a compare with a range holds if one pair does',
    file: 'src/kv/compare.ts',
    edits: [[': page.kvs.every((pair)', ': page.kvs.some((pair)']],
  },
  {
    name: 'a compare with the creation looks at the modification',
    file: 'src/kv/compare.ts',
    edits: [
      ['pair?.createRevision ?? 0) - compare.value', 'pair?.modRevision ?? 0) - compare.value'],
    ],
  },
  {
    name: 'lease ids are compared as texts',
    file: 'src/kv/compare.ts',
    edits: [['return a.length - b.length || orderOf(a, b);', 'return orderOf(a, b);']],
  },
  {
    name: 'a compare sees a key without a value as an empty one',
    file: 'src/kv/compare.ts',
    edits: [
      [
        'return pair !== undefined && satisfies(op, orderOf(pair.value, ' + 'compare.value));',
        "return satisfies(op, orderOf(pair?.value ?? '', compare.value));",
      ],
    ],
  },
  {
    name: 'a transaction that is taken back leaves its tombstones',
    file: 'src/kv/store.ts',
    edits: [
      [
        '      if (isTombstone(kv)) this.versions.past.delete(kv);\n' + '      else this.#leave',
        '      if (!isTombstone(kv)) this.#leave',
      ],
    ],
  },
  {
    name: 'a transaction that is taken back leaves what it superseded in the past',
    file: 'src/kv/store.ts',
    edits: [
      [
        '    this.versions.past.delete(pair);\n' + '    this.#ledger.broughtBack',
        '    this.#ledger.broughtBack',
      ],
    ],
  },
  {
    name: 'a transaction that is taken back leaves the next one its open versions',
    file: 'src/kv/store.ts',
    edits: [
      [
        '      else this.#bringBack(prev);\n' + '    }\n' + '    this.versions.open = [];\n',
        '      else this.#bringBack(prev);\n' + '    }\n',
      ],
    ],
  },
  {
    name: 'pairs of a snapshot that are older than its log are not attached to their ' + 'leases',
    file: 'src/kv/store.ts',
    edits: [
      ['    if (pair.lease !== null) this.#attached.add(pair);\n', ''],
      [
        '    else this.loadBase(version);\n' + '    this.#note(version, prev);',
        '    else {\n' +
          '      this.loadBase(version);\n' +
          '      if (version.lease !== null) this.#attached.add(version);\n' +
          '    }\n' +
          '    this.#note(version, prev);',
      ],
    ],
  },
  {
    name: 'a put without a lease keeps the lease of the pair',
    file: 'src/kv/store.ts',
    edits: [
      [
        '      lease,\n' + '    };\n' + '    this.load(pair);',
        '      lease: lease ?? prev?.lease ?? null,\n' + '    };\n' + '    this.load(pair);',
      ],
    ],
  },
  {
    name: 'an end at the key of a lease leaves out its last key',
    file: 'src/kv/store.ts',
    edits: [
      [
        'if (pair.lease !== lease || keys.length >= limit) break;',
        'if (pair.lease !== lease || keys.length >= limit - 1) break;',
      ],
    ],
  },
  {
    name: 'a compaction at the compact revision is done again',
    file: 'src/kv/store.ts',
    edits: [
      [
        'if (revision <= compactRevision) return { type',
        'if (revision < compactRevision) return { type',
      ],
    ],
  },
  {
    name: 'a compaction at the present is one of the future',
    file: 'src/kv/range-query.ts',
    edits: [
      [
        "return revision > versions.revision ? { type: 'future-revision' }",
        "return revision >= versions.revision ? { type: 'future-revision' }",
      ],
    ],
  },
  {
    name: 'a read at the compact revision is refused',
    file: 'src/kv/range-query.ts',
    edits: [['if (revision < compactRevision) return', 'if (revision <= compactRevision) return']],
  },
  {
    name: 'a page that is just full says that there is more',
    file: 'src/kv/range-query.ts',
    edits: [['more: found.length > wanted };', 'more: found.length >= wanted };']],
  },
  {
    name: 'a page never says that there is more',
    file: 'src/kv/range-query.ts',
    edits: [['options, wanted + 1);', 'options, wanted);']],
  },
  {
    name: 'the count is that of the page',
    file: 'src/kv/range-query.ts',
    edits: [
      [
        "const page = { type: 'range', revision, count } as const;\n" +
          '  if (options.countOnly === true) return { ...page, kvs: [], more: false };\n' +
          '  const limit = options.limit ?? 0;',
        'const limit = options.limit ?? 0;\n' +
          "  const page = { type: 'range', revision, count: limit > 0 ? " +
          'Math.min(count, limit) : count } as const;\n' +
          '  if (options.countOnly === true) return { ...page, kvs: [], more: false };',
      ],
    ],
  },
  {
    name: 'a read of the past within a transaction is of the present',
    file: 'src/kv/range-query.ts',
    edits: [
      [
        'const revision = asked === 0 ? newest : asked;',
        'const revision = asked === 0 || versions.open.length > 0 ? newest : asked;',
      ],
    ],
  },
  {
    name: 'a read within a transaction does not see the writes before it when counting',
    file: 'src/kv/scan.ts',
    edits: [
      [
        '  yield* log.walk(revision + 1, null);\n' + '  yield open;',
        '  yield* log.walk(revision + 1, null);\n' + '  void open;',
      ],
    ],
  },
  {
    name: 'the past of a key is left out where the present has one before it',
    file: 'src/kv/scan.ts',
    edits: [['return a < b === descending ? b : a;', 'return a;']],
  },
  {
    name: 'a history ends before the pair that the compaction left',
    file: 'src/kv/versions.ts',
    edits: [
      [
        'if (version.modRevision <= compactRevision) break;\n',
        'if (version.modRevision < compactRevision) break;\n',
      ],
    ],
  },
  {
    name: 'the pair before a change right behind a compaction is not told',
    file: 'src/kv/versions.ts',
    edits: [
      [
        'if (before < versions.compactRevision) return null;',
        'if (before <= versions.compactRevision) return null;',
      ],
    ],
  },
  {
    name: 'a replay stops in the middle of the budget',
    file: 'src/kv/replay.ts',
    edits: [
      [
        '    seen += Math.max(1, list.length);\n' + '    next += 1;',
        '    seen += Math.max(1, list.length);\n' +
          '    next += seen >= budget && events.length === 0 ? 2 : 1;',
      ],
    ],
  },
  {
    name: 'a replay of the compact revision is refused',
    file: 'src/kv/replay.ts',
    edits: [
      [
        'revisionFault(versions, Math.min(from, revision));',
        'revisionFault(versions, Math.min(from - 1, revision));',
      ],
    ],
  },
  {
    name: 'a client has one request more than its window',
    file: 'src/kv/session.ts',
    edits: [['return requests > window ||', 'return requests > window + 1 ||']],
  },
];
