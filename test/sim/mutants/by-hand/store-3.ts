/** MISTAKES in the state machine. */
import type { Mistake } from './mistake.ts';

export const STORE_3: readonly Mistake[] = [
  {
    name: 'a lease that was checkpointed may be renewed without the log',
    file: 'src/kv/lease-timers.ts',
    edits: [['      timer.mustLog = true;\n', '']],
  },
  {
    name: 'a lease that a new leader takes over checkpointed may be renewed without ' + 'the log',
    file: 'src/kv/lease-timers.ts',
    edits: [['mustLog: remaining < ttl * 1000,', 'mustLog: false,']],
  },
  {
    name: 'an expiry that the log refused is not offered again',
    file: 'src/kv/lease-timers.ts',
    edits: [
      [
        'timer.epoch === lease?.epoch) return;',
        'timer.epoch === lease?.epoch && !timer.isExpiring) return;',
      ],
    ],
  },
  {
    name: 'what is left of a lease is told with the margin',
    file: 'src/kv/lease-timers.ts',
    edits: [['Math.ceil((timer.deadline - now) / MARGIN)', 'Math.ceil(timer.deadline - now)']],
  },
  {
    name: 'two deletes of one transaction may meet a put',
    file: 'src/kv/txn-rules.ts',
    edits: [['      for (const key of puts) if (isWithin(key, [bounds])) return null;\n', '']],
  },
  {
    name: 'writes of nested branches may meet those beside them',
    file: 'src/kv/txn-rules.ts',
    edits: [['puts: success.puts.union(failure.puts),', 'puts: success.puts,']],
  },
  {
    name: 'an entry that is skipped does not take its term',
    file: 'src/kv/state-machine.ts',
    edits: [
      [
        '    this.#assertNext(index, term);\n' +
          '    this.#advance(index, term);\n' +
          '  }\n' +
          '\n' +
          '  /** See `hashOfState`',
        '    this.#assertNext(index, term);\n' +
          '    this.#advance(index, this.#state.term);\n' +
          '  }\n' +
          '\n' +
          '  /** See `hashOfState`',
      ],
    ],
  },
  {
    name: 'a malformed command advances no time, and a refused one neither',
    file: 'src/kv/state-machine.ts',
    edits: [
      [
        '    this.#state.sessions.advance(decoded.command.at);\n',
        '    if (decoded.command.requestId !== null) ' +
          'this.#state.sessions.advance(decoded.command.at);\n',
      ],
    ],
  },
  {
    name: 'a nested compare is decided by the writes before it',
    file: 'src/kv/apply-txn.ts',
    edits: [
      [
        "    op.type === 'txn' ? planOf(state, op) : op,",
        "    op.type === 'txn'\n" +
          '      ? ({\n' +
          "          type: 'plan',\n" +
          '          get succeeded() {\n' +
          '            return planOf(state, op).succeeded;\n' +
          '          },\n' +
          '          get steps() {\n' +
          '            return planOf(state, op).steps;\n' +
          '          },\n' +
          '        } as Plan)\n' +
          '      : op,',
      ],
    ],
  },
];
