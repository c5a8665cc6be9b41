/** CANARIES of the state machine: the store, compaction, transactions, remembered requests. */
import type { Canary } from './canary.ts';

export const STORE: readonly Canary[] = [
  {
    name: 'a request that is sent again is carried out again',
    known: 'etcd-io/jetcd#1444',
    file: 'src/kv/state-machine.ts',
    find: 'if (command.requestId === null) return carryOut();',
    replace: 'if (command.requestId !== undefined) return carryOut();',
  },
  {
    name: 'a snapshot forgets which requests were carried out',
    known: 'etcd-io/etcd#18424',
    file: 'src/kv/snapshot.ts',
    find: '    requests: () => requestItems(sessions.requests.values()),',
    replace: '    requests: () => requestItems([...sessions.requests.values()].slice(1)),',
  },
  {
    name: 'a request under the name of another gets its answer',
    file: 'src/kv/session.ts',
    find: "return known.digest === digest ? known.result : 'request-mismatch';",
    replace: 'return known.result;',
  },
  {
    name: 'compaction forgets what a read at its revision needs',
    known: 'etcd-io/etcd#18089',
    file: 'src/kv/collector.ts',
    find: 'if (isTombstone(version)) past.delete(version);',
    replace: 'past.delete(version);',
  },
  {
    name: 'compaction forgets the deletion of its own revision',
    known: 'etcd-io/etcd#19179',
    foundBy: 'test/kv/history.test.ts',
    seldom: 'It costs memory alone: what the log says of the deletion stays.',
    file: 'src/kv/collector.ts',
    find: '    const fallen = recordList(log.get(before) ?? []);',
    replace: '    const fallen = superseding;',
  },
  {
    name: 'the revision goes back when the newest pair is compacted',
    known: 'etcd-io/etcd#17780',
    file: 'src/kv/store.ts',
    find: '    this.versions.compactRevision = revision;\n',
    replace:
      '    this.versions.compactRevision = revision;\n' +
      '    const pairs = [...this.versions.present.values()];\n' +
      '    const newest = pairs.map(({ modRevision }) => modRevision);\n' +
      '    this.versions.revision = Math.max(revision, ...newest);\n',
  },
  {
    name: 'a read of the past sees the next revision',
    file: 'src/kv/versions.ts',
    find: 'const then = past.floor({ key, modRevision: revision });',
    replace: 'const then = past.floor({ key, modRevision: revision + 1 });',
  },
  {
    name: 'a read of what is compacted finds what is not collected yet',
    foundBy: 'test/kv/history.test.ts',
    seldom: 'What it tells is true; only that it should be forgotten by now.',
    file: 'src/kv/versions.ts',
    find: '  if (before < versions.compactRevision) return null;\n',
    replace: '',
  },
  {
    name: 'a transaction that cannot be carried out is carried out in part',
    file: 'src/kv/apply-txn.ts',
    find: 'faultOfPlan(state, plan, grant);\n  if (fault !== null) return fault;',
    replace: "null;\n  if (fault !== null && fault.type !== 'lease-not-found') return fault;",
  },
  {
    name: 'a member that nobody asked leaves out the reads of a transaction',
    known: 'etcd-io/etcd#18667',
    file: 'src/kv/apply-txn.ts',
    find: '  const fault = (asked ?? 0) === 0 ? null : store.faultOf(asked ?? 0);',
    replace: '  const fault = (asked ?? 0) >= 0 ? null : store.faultOf(asked ?? 0);',
  },
  {
    name: 'a write on a condition looks at the version, not at the revision',
    file: 'src/kv/apply.ts',
    find: '  const modRevision = store.get(key)?.modRevision ?? 0;',
    replace: '  const modRevision = store.get(key)?.createRevision ?? 0;',
  },
  {
    name: 'a delete of nothing takes a revision',
    file: 'src/kv/store.ts',
    find: '    if (first === undefined) return null;\n    const revision = this.revision + 1;',
    replace:
      '    const revision = this.revision + 1;\n' +
      '    if (first === undefined) {\n' +
      '      if (this.versions.log.size % 50 === 49) this.versions.revision = revision;\n' +
      '      return null;\n' +
      '    }',
  },
  {
    name: 'a key that is written anew keeps the creation of the one before',
    file: 'src/kv/store.ts',
    find: '      createRevision: prev?.createRevision ?? revision,',
    replace:
      '      createRevision:\n' +
      '        prev?.createRevision ??\n' +
      '        this.versions.past.floor({ key, modRevision: revision })?.createRevision ??\n' +
      '        revision,',
  },
  {
    name: 'a key that is deleted stays with its lease',
    file: 'src/kv/store.ts',
    find: '    if (pair.lease !== null) this.#attached.delete(pair);\n',
    replace: '',
  },
  {
    name: 'a snapshot is read as it is at its end, not at its beginning',
    known: 'etcd-io/etcd#20271',
    foundBy: 'test/kv/snapshot.test.ts',
    seldom: 'Takes an entry that is applied between two operations of the disk.',
    file: 'src/kv/state-machine.ts',
    find: '      store: store.clone(),\n      leases: leases.all(),',
    replace: '      store,\n      leases: leases.all(),',
  },
  {
    name: 'a restored node keeps the index of a snapshot that it did not restore',
    known: 'rqlite/rqlite#2747',
    file: 'src/kv/state-machine.ts',
    find: '        this.#appliedIndex = appliedIndex;\n        this.#state = state;',
    replace:
      '        if (appliedIndex - this.#appliedIndex > 3) this.#state = state;\n' +
      '        this.#appliedIndex = appliedIndex;',
  },
];
