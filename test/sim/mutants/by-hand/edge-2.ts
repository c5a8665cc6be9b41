/** MISTAKES in what talks to clients and to other nodes. */
import type { Mistake } from './mistake.ts';

export const EDGE_2: readonly Mistake[] = [
  {
    name: 'an append that travels may lack entries',
    file: 'src/wire/raft-codec.ts',
    edits: [['if (entries.length !== count) throw', 'if (entries.length > count) throw']],
  },
  {
    name: 'entries of an append may leave out one',
    file: 'src/wire/raft-codec.ts',
    edits: [['if (entry.index !== expected) throw', 'if (entry.index < expected) throw']],
  },
  {
    name: 'a term that leads too far is taken',
    file: 'src/transport/term-guard.ts',
    edits: [['theirs <= ours + TERM_LEAD_MAX', 'theirs <= ours * TERM_LEAD_MAX']],
  },
  {
    name: 'a counter may be used twice',
    file: 'src/transport/replay-window.ts',
    edits: [
      [
        'if ((used & bit) !== 0) return false;',
        'if ((used & bit) !== 0 && counter === this.#newest) return false;',
      ],
    ],
  },
  {
    name: 'an answer of another member is believed',
    file: 'src/transport/peer-client.ts',
    edits: [['    if (from !== this.#to) throw new Error(`answered by ${from}`);\n', '']],
  },
  {
    name: 'an answer is not signed for its request',
    file: 'src/transport/peer-client.ts',
    edits: [
      ['if (!sameMac(mac, theirs)) throw', "if (!sameMac(mac, theirs) && theirs === '') throw"],
    ],
  },
  {
    name: 'who may have been reached was not',
    file: 'src/transport/peer-client.ts',
    edits: [
      [
        'const sent = attempt.sent && connected;',
        'const sent = attempt.sent && connected && error instanceof TransportError;',
      ],
    ],
  },
  {
    name: 'any refusal disowns',
    file: 'src/transport/peer-client.ts',
    edits: [["code === 'member-removed' && this.#proves(answer)", "code === 'member-removed'"]],
  },
];
