/** MISTAKES in the state machine. */
import type { Mistake } from './mistake.ts';

export const STORE_2: readonly Mistake[] = [
  {
    name: 'a forgotten number is carried out anew',
    file: 'src/kv/session.ts',
    edits: [['request.number <= client.floor) {', 'request.number < client.floor) {']],
  },
  {
    name: 'the floor of a client goes back',
    file: 'src/kv/session.ts',
    edits: [['    let floor = client?.floor ?? -1;', '    let floor = -1;']],
  },
  {
    name: 'a client that gets an answer counts as idle',
    file: 'src/kv/session.ts',
    edits: [
      [
        'if (client !== undefined && isAnswered) this',
        'if (client !== undefined && !isAnswered) this',
      ],
    ],
  },
  {
    name: 'a request is forgotten one tick early',
    file: 'src/kv/session.ts',
    edits: [
      [
        'this.#clock - deadline.since > this.#limits.keepMs) {',
        'this.#clock - deadline.since >= this.#limits.keepMs) {',
      ],
    ],
  },
  {
    name: 'clients are forgotten, and their requests are not',
    file: 'src/kv/session.ts',
    edits: [
      [
        '    for (const request of requests) this.#removeRequest(request);\n',
        '    for (const request of requests.slice(1)) this.#removeRequest(request);\n',
      ],
    ],
  },
  {
    name: 'the deadline of a client is that of its first request',
    file: 'src/kv/session.ts',
    edits: [
      [
        '      this.#addClient({ ...client, lastAt: this.#clock, floor });',
        '      this.#addClient({ ...client, floor });',
      ],
    ],
  },
  {
    name: 'the answers of requests do not count for the hash',
    file: 'src/kv/remembered.ts',
    edits: [['  hashValue(hasher, request.result);\n', '']],
  },
  {
    name: 'what is left of a lease does not count for the hash',
    file: 'src/kv/leases.ts',
    edits: [['.number(remaining).number(epoch)', '.number(epoch)']],
  },
  {
    name: 'the order of a revision does not count for the hash',
    file: 'src/kv/ledger.ts',
    edits: [['  amount.add(order.finish(), 0);\n', '']],
  },
  {
    name: 'a snapshot leaves out what happened at its compact revision',
    file: 'src/kv/store-reader.ts',
    edits: [
      [
        'return this.versions.log.walk(this.compactRevision, null);',
        'return this.versions.log.walk(this.compactRevision + 1, null);',
      ],
    ],
  },
  {
    name: 'a snapshot has the pairs of the compact revision twice',
    file: 'src/kv/store-reader.ts',
    edits: [['pair.modRevision < compactRevision;\n', 'pair.modRevision <= compactRevision;\n']],
  },
  {
    name: 'a snapshot loses the floor of its clients',
    file: 'src/kv/snapshot-load.ts',
    edits: [
      [
        'this.state.sessions.loadClient(client);',
        'this.state.sessions.loadClient({ ...client, floor: -1 });',
      ],
    ],
  },
  {
    name: 'a snapshot gives leases their whole time',
    file: 'src/kv/snapshot-load.ts',
    edits: [
      [
        'this.state.leases.set(lease);',
        'this.state.leases.set({ ...lease, remaining: lease.ttl * 1000 });',
      ],
    ],
  },
  {
    name: 'a restored state has the clock of nothing',
    file: 'src/kv/snapshot-load.ts',
    edits: [
      ['Sessions.at(header.clock, limits)', 'Sessions.at(Math.min(header.clock, 0), limits)'],
    ],
  },
  {
    name: 'a renewed lease keeps its epoch',
    file: 'src/kv/apply-lease.ts',
    edits: [
      [
        '  const { ttl } = lease;\n' +
          '  leases.set({ id, ttl, remaining: ttl * 1000, epoch: index });',
        '  const { ttl } = lease;\n' +
          '  leases.set({ ...lease, remaining: ttl * 1000 * (index > 0 ? 1 : 0) });',
      ],
    ],
  },
  {
    name: 'a renewed lease keeps what was left of it',
    file: 'src/kv/apply-lease.ts',
    edits: [
      [
        '  const { ttl } = lease;\n' +
          '  leases.set({ id, ttl, remaining: ttl * 1000, epoch: index });',
        '  const { ttl } = lease;\n' + '  leases.set({ ...lease, epoch: index });',
      ],
    ],
  },
  {
    name: 'a checkpoint of an older epoch counts',
    file: 'src/kv/apply-lease.ts',
    edits: [
      [
        'if (lease?.epoch !== epoch || remaining',
        'if (lease === undefined || epoch > lease.epoch || remaining',
      ],
    ],
  },
  {
    name: 'a checkpoint renews the epoch',
    file: 'src/kv/apply-lease.ts',
    edits: [
      [
        '    leases.set({ ...lease, remaining });',
        '    leases.set({ ...lease, remaining, epoch: epoch + 0 * remaining + 1 });',
      ],
    ],
  },
  {
    name: 'a lease is granted over one that is there',
    file: 'src/kv/apply-lease.ts',
    edits: [["if (leases.get(id) !== undefined) return { type: 'lease-exists', revision };\n", '']],
  },
  {
    name: 'a put with a grant that fails has granted the lease',
    file: 'src/kv/apply.ts',
    edits: [
      [
        '  if (failed !== null) return failed;\n' + '  const result = carryOutPut',
        '  if (failed !== null) {\n' +
          "    if (grant !== null && failed.type === 'key-not-found') " +
          'grantLease(state, grant, place);\n' +
          '    return failed;\n' +
          '  }\n' +
          '  const result = carryOutPut',
      ],
    ],
  },
  {
    name: 'a condition on absence is met by what was deleted and written anew',
    file: 'src/kv/apply.ts',
    edits: [
      [
        "return modRevision === (condition.type === 'absent' ? 0 : condition.revision);",
        "return condition.type === 'absent' ? modRevision === 0 : modRevision >= " +
          'condition.revision;',
      ],
    ],
  },
  {
    name: 'a listener hears of a change before the revision counts',
    file: 'src/kv/apply.ts',
    edits: [
      [
        '  const change = state.store.commit();\n' + '  if (change !== null) listener?.(change);\n',
        '  const change = state.store.commit();\n' +
          '  if (change !== null && change.events.length < 100) listener?.(change);\n',
      ],
    ],
  },
  {
    name: 'a collector takes the version that the compact revision reads',
    file: 'src/kv/collector.ts',
    edits: [
      [
        'while (this.#revision < versions.compactRevision) {',
        'while (this.#revision <= versions.compactRevision && this.#revision < ' +
          'versions.revision) {',
      ],
    ],
  },
  {
    name: 'a new leader gives leases to expire at its beginning no margin',
    file: 'src/kv/lease-timers.ts',
    edits: [
      [
        'timer.deadline = from + remaining * MARGIN;',
        'timer.deadline = from + remaining * (timer.isRenewed ? MARGIN : 1);',
      ],
    ],
  },
];
