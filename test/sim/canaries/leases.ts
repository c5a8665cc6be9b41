/** CANARIES of leases and locks. */
import type { Canary } from './canary.ts';

export const LEASES: readonly Canary[] = [
  {
    name: 'renewals are confirmed without a quorum',
    known: 'etcd-io/etcd#15247',
    file: 'src/node/leases/lease-operations.ts',
    find: '  const confirmed = reads.barrier({ deadline, signal: null });',
    replace: '  const confirmed = Promise.resolve();',
  },
  {
    name: 'a renewal is confirmed by a leader of a later term',
    foundBy: 'test/node/leases/lease-keeper.test.ts',
    seldom: 'Takes a leader that is deposed and leads again within one round.',
    file: 'src/node/leases/lease-operations.ts',
    find:
      '  requireSameTerm(leases, term);\n' +
      '  // It may have been granted, or have ended, while the quorum was asked.',
    replace: '  // It may have been granted, or have ended, while the quorum was asked.',
  },
  {
    name: 'how long a lease has is told by who does not lead any more',
    foundBy: 'test/node/leases/leases.test.ts',
    seldom: 'Takes the same question to whoever was deposed and does not know.',
    file: 'src/node/leases/lease-operations.ts',
    find:
      '  await reads.barrier({ deadline, signal: null });\n' +
      '  requireSameTerm(leases, term);\n  return',
    replace: '  requireSameTerm(leases, term);\n  return',
  },
  {
    name: 'leases end by the clock of the leader alone',
    file: 'src/kv/lease-timers.ts',
    find: 'const MARGIN = 1.1 / 0.9;',
    replace: 'const MARGIN = 1;',
  },
  {
    name: 'a renewal does not defeat an expiry that was proposed before it',
    file: 'src/kv/apply-lease.ts',
    find: 'if (lease.epoch !== epoch || stamped < term) return',
    replace: 'if (stamped < term) return',
  },
  {
    name: 'the expiry of a deposed leader counts',
    known: 'etcd-io/etcd#16822',
    foundBy: 'test/kv/lease.test.ts',
    seldom: 'Who proposes one has just looked whether it leads in that term.',
    file: 'src/kv/apply-lease.ts',
    find: 'if (lease.epoch !== epoch || stamped < term) return',
    replace: 'if (lease.epoch !== epoch) return',
  },
  {
    name: 'the checkpoint of a deposed leader counts',
    foundBy: 'test/kv/lease.test.ts',
    seldom: 'Who proposes one has just looked whether it leads in that term.',
    file: 'src/kv/apply-lease.ts',
    find: 'of command.term < term ? [] : command.leases) {',
    replace: 'of command.leases) {',
  },
  {
    name: 'a new leader does not give leases all their time anew',
    known: 'etcd-io/etcd#13508',
    file: 'src/kv/lease-timers.ts',
    find: '    this.#add(timer, from, remaining);',
    replace: '    this.#add(timer, from, remaining / 2);',
  },
  {
    name: 'every leader gives leases the whole time anew',
    known: 'etcd-io/etcd#9888',
    file: 'src/kv/lease-timers.ts',
    find: '    this.#add(timer, from, remaining);',
    replace: '    this.#add(timer, from, ttl * 1000);',
  },
  {
    name: 'a checkpoint gives a lease time back',
    foundBy: 'test/kv/lease.test.ts',
    seldom: 'Only a renewal between a checkpoint and its entry shows it.',
    file: 'src/kv/apply-lease.ts',
    find: 'if (lease?.epoch !== epoch || remaining >= lease.remaining) continue;',
    replace: 'if (lease === undefined || remaining >= lease.ttl * 1000) continue;',
  },
  {
    name: 'a renewal after a checkpoint is not in the log',
    known: 'etcd-io/etcd#17132',
    file: 'src/kv/lease-timers.ts',
    find: "if (timer.mustLog || timer.isExpiring) return 'log';",
    replace: "if (timer.isExpiring) return 'log';",
  },
  {
    name: 'a renewal after an expiry was proposed is not in the log',
    foundBy: 'test/kv/lease-timers.test.ts',
    seldom: 'Takes a renewal in the few ms that an expiry is under way.',
    file: 'src/kv/lease-timers.ts',
    find: "if (timer.mustLog || timer.isExpiring) return 'log';",
    replace: "if (timer.mustLog) return 'log';",
  },
  {
    name: 'a leader counts the time of leases before it knows all of them',
    foundBy: 'test/node/leases/lease-keeper.test.ts',
    seldom: 'Takes a lease that ends in the moment a term begins.',
    file: 'src/node/leases/lease-keeper.ts',
    find: "role.name === 'leader' && machine.appliedIndex >= role.noopIndex;",
    replace: "role.name === 'leader';",
  },
  {
    name: 'a leader that comes back goes on with the timers of its earlier term',
    known: 'etcd-io/etcd#13491',
    file: 'src/node/leases/lease-keeper.ts',
    find: 'if (leads ? term === this.#term : this.#term === null) return;',
    replace:
      'if (!leads || term === this.#term) return;\n' +
      '    if (this.#term !== null) this.#term = term;\n' +
      '    if (this.#term !== null) return;',
  },
  {
    name: 'the keys of a lease outlive it',
    file: 'src/kv/apply-lease.ts',
    find: '  for (const key of keys) store.delete({ key });',
    replace: '  for (const key of keys.slice(1)) store.delete({ key });',
  },
  {
    name: 'a lock is held by whoever came last',
    file: 'src/node/locks/contender.ts',
    find: 'if (a.createRevision !== b.createRevision) return a.createRevision - b.createRevision;',
    replace:
      'if (a.createRevision !== b.createRevision) return b.createRevision - a.createRevision;',
  },
  {
    name: 'a lock is held by whoever holds the smallest lease',
    file: 'src/node/locks/contender.ts',
    find:
      'if (a.createRevision !== b.createRevision) ' +
      'return a.createRevision - b.createRevision;\n',
    replace: '',
  },
  {
    name: 'who has waited for a lock does not look whether its lease still lives',
    known: 'etcd-io/etcd#11408',
    foundBy: 'test/node/locks/lock-queue.test.ts',
    seldom: 'Takes a lease that ends while its holder waits, on a node that does not hear of it.',
    file: 'src/node/locks/waiter.ts',
    find: '    let isCertain = place.isFresh;',
    replace: '    let isCertain = true;',
  },
  {
    name: 'who became the first in a queue is not woken',
    file: 'src/node/locks/queue-view.ts',
    find: 'if (first !== null && !isSame(first.pair, before?.pair)) this.#wake(first.pair.key);',
    replace: '',
  },
];
