/** CANARIES of linearizable reads. */
import type { Canary } from './canary.ts';

export const READS: readonly Canary[] = [
  {
    name: 'reads are answered before the leader has committed in its term',
    known: 'etcd-io/etcd#7331',
    file: 'src/raft/read-index.ts',
    find: '  if (raft.commitIndex < leader.noopIndex) return false;\n  reads.round',
    replace: '  reads.round',
  },
  {
    name: 'reads are answered without asking a quorum',
    file: 'src/raft/read-index.ts',
    find: '  if (!confirmed) return false;\n',
    replace: '',
  },
  {
    name: 'the round before confirms the leader too',
    file: 'src/raft/read-index.ts',
    find: '?? 0) >= reads.round;',
    replace: '?? 0) >= reads.round - 1;',
  },
  {
    name: 'a read joins the round that runs',
    file: 'src/raft/read-index.ts',
    find: '    role.reads.waiting.push({ context, from: null });',
    replace:
      '    const { confirming, waiting } = role.reads;\n' +
      '    (confirming.length > 0 ? confirming : waiting).push({ context, from: null });',
  },
  {
    name: 'a second attempt has the name of the first',
    known: 'etcd-io/etcd#20418',
    file: 'src/node/loop/reads.ts',
    find: '    this.#context += 1;\n',
    replace: '',
  },
  {
    name: 'a read does not wait until its entry is applied',
    file: 'src/node/loop/reads.ts',
    find: '    const ready = this.#applying.filter((group) => group.index <= applied);',
    replace: '    const ready = this.#applying;',
  },
  {
    name: 'a deposed leader answers the reads that wait',
    file: 'src/raft/read-index.ts',
    find: "    finish(raft, read, null, 'lost-leadership');",
    replace: "    finish(raft, read, raft.commitIndex, 'lost-leadership');",
  },
];
