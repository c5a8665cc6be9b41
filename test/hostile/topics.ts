/**
 * WHAT AN ATTACKER MAY TRY, and where it is tried. `rows`: in the tables of this folder.
 * `tests`: in tests of their own, here or elsewhere, found by file and name. `absent`: there is
 * nothing yet to attack.
 */
type Where =
  | { readonly rows: true; readonly tests?: readonly Pointer[] }
  | { readonly tests: readonly Pointer[] }
  | { readonly absent: string };
export type Pointer = readonly [file: string, test: string];

const ROWS = { rows: true } as const;

export const TOPICS = {
  // Too much.
  'body-with-length': ROWS,
  'body-without-length': ROWS,
  'slow-clients': {
    rows: true,
    tests: [['hostile/silence.test.ts', '500 connections that say nothing, or never end']],
  },
  connections: {
    tests: [
      ['hostile/descriptors.test.ts', 'more connections than it may have files'],
      ['hostile/silence.test.ts', 'connections that come and go'],
    ],
  },
  'request-flood': {
    tests: [
      ['hostile/crowds.test.ts', 'more writes and reads at once than may wait'],
      [
        'node/space/admission.test.ts',
        'a leader that has too much to commit takes no more, deletes neither',
      ],
    ],
  },
  'keys-and-values': {
    rows: true,
    tests: [
      [
        'hostile/largest.test.ts',
        'values and transactions as large as may be, of bytes that JSON spells longest',
      ],
    ],
  },
  'url-and-headers': ROWS,
  'big-transactions': ROWS,
  'unbounded-ranges': ROWS,
  quota: {
    tests: [
      ['e2e/quota.test.ts', 'full, 507, delete, write again; and overwriting never leads there'],
    ],
  },
  'watch-fan-out': {
    tests: [
      [
        'http/watch/watch-many.test.ts',
        'a thousand watchers cost some memory each, and are all told of everything',
      ],
    ],
  },
  'slow-watchers': {
    tests: [
      ['hostile/crowds.test.ts', '1,000 watchers that never read'],
      [
        'http/watch/watch-slow-reader.test.ts',
        'a reader that stops reading is cut off, within its budget, and loses nothing',
      ],
    ],
  },
  'long-waits': {
    rows: true,
    tests: [['hostile/crowds.test.ts', '1,000 requests that wait for a change']],
  },
  'compressed-bodies': ROWS,
  'deep-json': ROWS,
  'lease-flood': ROWS,
  'huge-appends': ROWS,
  // No sense.
  'malformed-json': ROWS,
  'object-names': {
    tests: [
      ['hostile/names.test.ts', 'names that have broken other stores'],
      ['http/kv/kv-hostile-keys.test.ts', '%s (%s) as key and value comes back everywhere'],
    ],
  },
  'number-like-keys': { tests: [['hostile/names.test.ts', 'names that have broken other stores']] },
  paths: ROWS,
  'empty-key': ROWS,
  'control-characters': {
    tests: [['hostile/names.test.ts', 'names that have broken other stores']],
  },
  'text-that-looks-alike': {
    tests: [['hostile/names.test.ts', 'names that have broken other stores']],
  },
  numbers: ROWS,
  'resume-tokens': ROWS,
  'idempotency-keys': ROWS,
  ranges: ROWS,
  methods: ROWS,
  'header-injection': ROWS,
  'log-injection': {
    tests: [['hostile/names.test.ts', 'nothing that a client says forges the log: %s']],
  },
  smuggling: ROWS,
  'not-http': ROWS,
  // Who asks.
  'forged-peers': ROWS,
  'wrong-cluster': ROWS,
  replays: ROWS,
  'term-inflation': ROWS,
  'snapshots-of-nobody': ROWS,
  'poison-entries': {
    rows: true,
    tests: [
      ['node/leader/forwarded.test.ts', 'no command: %s'],
      ['hostile/fuzz.test.ts', '%s'],
    ],
  },
  'damaged-files': {
    tests: [
      ['hostile/fuzz.test.ts', '%s'],
      [
        'storage/wal-damage.test.ts',
        'at every byte: refused, or the last batch is cut and the log is torn',
      ],
    ],
  },
  'outgoing-requests': {
    rows: true,
    tests: [['bun/redirects.test.ts', 'redirect: "error" follows nothing']],
  },
  'hostile-members': ROWS,
  'unsafe-membership': {
    rows: true,
    tests: [
      ['node/node-membership.test.ts', 'is not removed when the quorum would be gone with it'],
    ],
  },
  'cross-site': ROWS,
  'host-names': ROWS,
  'script-injection': {
    rows: true,
    tests: [['hostile/names.test.ts', 'a value is never a page']],
  },
  secrets: { tests: [['hostile/peers.test.ts', 'the secret is nowhere to be read']] },
  defaults: { tests: [['config.test.ts', 'listening beyond loopback']] },
  'inner-details': {
    rows: true,
    tests: [['http/errors.test.ts', '%s %s hides what nobody foresaw, and logs it']],
  },
  backups: {
    tests: [
      ['cli/backup.test.ts', 'an existing directory must be empty; nothing is left of what failed'],
    ],
  },

  rights: { absent: 'there are no users, and so no rights to go past' },
  tokens: { absent: 'there are no users, and so no tokens to guess' },
  tls: { absent: 'nothing is encrypted: TLS is left to a proxy' },
  dashboard: { absent: 'there is none; what it would show comes as JSON with nosniff' },
  'lying-members': {
    absent: 'a holder of the secret is believed; the comparison of states finds what is not meant',
  },
  'supply-chain': { absent: 'no input: dependencies are few, pinned, and run nothing on install' },
} as const satisfies Record<string, Where>;

export type Topic = {
  [T in keyof typeof TOPICS]: (typeof TOPICS)[T] extends { readonly rows: true } ? T : never;
}[keyof typeof TOPICS];
