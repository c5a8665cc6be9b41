import { must } from '../../src/lib/assert.ts';
import { parseOrigin } from '../../src/lib/peer-url.ts';
import type { Message } from '../../src/raft/message.ts';
import type { RaftConfig } from '../../src/raft/state.ts';
import { RaftCluster } from './raft-cluster.ts';
import { configurationOf, idOf, learner, nameOf, put, voter } from './raft-members.ts';
import type { RaftNode } from './raft-node.ts';
import { showEvent, showLog, showProgress, showStatus } from './raft-notation.ts';

/** Carries out one command; what it returns is shown after what happened. */
type Command = (script: RaftScript, words: readonly string[]) => readonly string[];

/**
 * THE LANGUAGE of scenario files: one command a line, `quiet` before it hides what happened.
 * Nodes are n1, n2 …; `n1->n2` is a link, `n1->` and `->n2` all links out of and into a node; after
 * it may stand a type of message.
 */
const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['cluster', createCluster],
  ['node', createNode],
  ['tick', tick],
  ['timeout', each((script, n) => script.cluster.timeOut(n))],
  ['forget-leaders', run((script) => script.cluster.forgetLeaders())],
  ['elect', each((script, n) => script.cluster.elect(n))],
  ['campaign', each((script, n) => script.run(n, (raft) => raft.campaign()))],
  ['step-down', each((script, n) => script.run(n, (raft) => raft.stepDown()))],
  ['force-recovered', each((script, n) => script.run(n, (raft) => raft.forceRecovered()))],
  ['propose', propose],
  ['read', read],
  ['transfer', transfer],
  ['change', change],
  ['deliver', run((script, words) => script.cluster.deliver(filterOf(words)))],
  ['stabilize', stabilize],
  ['drop', run((script, words) => script.cluster.drop(filterOf(words)))],
  ['hold', run((script, words) => script.hold(filterOf(words)))],
  ['release', run((script) => script.release())],
  ['copy', run((script, words) => script.copy(filterOf(words)))],
  ['repeat', run((script, words) => script.repeat(filterOf(words)))],
  ['reverse', run((script) => script.cluster.queue.reverse())],
  ['unreachable', unreachable],
  ['cut', cut],
  ['isolate', each((script, n) => script.cluster.isolate(n))],
  ['heal', run((script) => script.cluster.heal())],
  ['slow-disk', each(slowDisk)],
  ['fast-disk', each(fastDisk)],
  ['persist', each((script, n) => script.node(n).persist())],
  ['crash', each((script, n) => script.node(n).crash())],
  ['restart', restart],
  ['compact', compact],
  ['send-snapshot', sendSnapshot],
  ['status', status],
  ['log', (script, words) => script.numbers(words).map((n) => showLog(script.node(n)))],
]);

/** Runs the commands of one scenario file. */
export class RaftScript {
  cluster = new RaftCluster();
  readonly #held: Message[] = [];
  #lines: string[] = [];

  /** What a line of a scenario file brings about. */
  execute(line: string): string[] {
    const words = line.split(/\s+/);
    const quiet = words[0] === 'quiet';
    if (quiet) words.shift();
    const command = COMMANDS.get(words[0] ?? '');
    if (command === undefined) throw new Error(`no such command: ${line}`);
    this.#lines = [];
    this.cluster.observe = (event) => {
      const shown = showEvent(event);
      if (shown !== null) this.#lines.push(shown);
    };
    const answer = command(this, words.slice(1));
    return quiet ? [] : [...this.#lines, ...answer];
  }

  node(number: number): RaftNode {
    return this.cluster.node(number);
  }

  run(number: number, input: Parameters<RaftNode['run']>[0]): void {
    this.node(number).run(input);
  }

  /** The nodes that are named, or all of them. */
  numbers(words: readonly string[]): number[] {
    if (words.length > 0) return words.map(numberOf);
    return [...this.cluster.nodes.keys()].map(Number);
  }

  hold(passes: (message: Message) => boolean): void {
    this.#held.push(...this.cluster.queue.filter(passes));
    this.cluster.queue = this.cluster.queue.filter((message) => !this.#held.includes(message));
  }

  release(): void {
    this.cluster.queue.push(...this.#held.splice(0));
  }

  repeat(passes: (message: Message) => boolean): void {
    this.cluster.queue.push(...this.cluster.queue.filter(passes));
  }

  copy(passes: (message: Message) => boolean): void {
    this.#held.push(...this.cluster.queue.filter(passes).map((message) => ({ ...message })));
  }
}

/** `cluster 3 window=1`: voters that hold the founding entry. */
function createCluster(script: RaftScript, words: readonly string[]): string[] {
  const config = configOf(words.slice(1));
  script.cluster = RaftCluster.of(Number(words[0]), config);
  return [];
}

/** `node n2 of 3 log=1,1,4 term=5 vote=n1`, or `node n4` for an empty one. */
function createNode(script: RaftScript, words: readonly string[]): string[] {
  const number = numberOf(words[0]);
  const options = optionsOf(words);
  const size = words[1] === 'of' ? Number(words[2]) : 0;
  const members = Array.from({ length: size }, (_, i) => voter(i + 1));
  const terms = options.get('log')?.split(',').map(Number) ?? [];
  const term = Number(options.get('term') ?? terms.at(-1) ?? 0);
  const vote = options.has('vote') ? idOf(numberOf(options.get('vote'))) : null;
  const configuration = configurationOf(members);
  script.cluster.add(number, { terms, configuration, state: { term, vote } });
  return [];
}

/** `tick n1 3` or `tick 3` for all that are up. */
function tick(script: RaftScript, words: readonly string[]): string[] {
  const named = words[0]?.startsWith('n') === true;
  const count = Number((named ? words[1] : words[0]) ?? 1);
  const numbers = script.numbers(named ? words.slice(0, 1) : []);
  for (let i = 0; i < count; i += 1) {
    for (const n of numbers) if (script.node(n).isUp) script.cluster.tick(n);
  }
  return [];
}

function propose(script: RaftScript, words: readonly string[]): string[] {
  const n = numberOf(words[0]);
  const count = Number(words[1] ?? 1);
  const results: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const result = script.node(n).run((raft) => raft.propose(put('x')));
    results.push(result.ok ? `${result.entry.index}@${result.entry.term}` : result.code);
  }
  return [results.join(' ')];
}

function read(script: RaftScript, words: readonly string[]): string[] {
  for (const word of words.slice(1)) {
    const context = Number(word);
    script.cluster.oracle.readBegun(context);
    script.run(numberOf(words[0]), (raft) => raft.readIndex(context));
  }
  return [];
}

function transfer(script: RaftScript, words: readonly string[]): string[] {
  const to = words[1] === undefined ? null : idOf(numberOf(words[1]));
  const node = script.node(numberOf(words[0]));
  const result = node.run((raft) => raft.transferLeadership(to));
  return [result.ok ? `to ${nameOf(result.to)}` : result.code];
}

/** `change n1 add n4 [auto]`, `change n1 promote n4`, `remove n2`, `update n2 http://host`. */
function change(script: RaftScript, words: readonly string[]): string[] {
  const [leader, verb, subject, option = ''] = words;
  const number = numberOf(subject);
  const id = idOf(number);
  const node = script.node(numberOf(leader));
  const member = learner(number, { autoPromote: option === 'auto', active: option !== 'inactive' });
  const urls = [parseOrigin(option) ?? ''];
  const result = node.run((raft) => {
    switch (verb) {
      case 'add':
        return raft.proposeChange({ type: 'add-learner', member }, null, 0);
      case 'promote':
        return raft.proposeChange({ type: 'promote', id }, null, 0);
      case 'remove':
        return raft.proposeChange({ type: 'remove', id }, null, 0);
      case 'update':
        return raft.proposeChange(
          { type: 'update', id, peerUrls: urls, clientUrls: urls },
          null,
          0,
        );
      default:
        throw new Error(`no such change: ${words.join(' ')}`);
    }
  });
  if (!result.ok) return [result.code];
  return [result.entry === null ? 'already so' : `${result.entry.index}@${result.entry.term}`];
}

/** Delivers until nothing moves; with nodes named, only between those. */
function stabilize(script: RaftScript, words: readonly string[]): string[] {
  const among = new Set(script.numbers(words).map(idOf));
  const within = (message: Message) => among.has(message.from) && among.has(message.to);
  for (let round = 0; script.cluster.deliver(within) > 0; round += 1) {
    if (round > 100) throw new Error('the cluster does not settle');
  }
  return [];
}

/** Loses messages and tells their senders so. */
function unreachable(script: RaftScript, words: readonly string[]): string[] {
  for (const message of script.cluster.drop(filterOf(words))) {
    script.run(Number(message.from), (raft) => raft.unreachable(message));
  }
  return [];
}

function cut(script: RaftScript, words: readonly string[]): string[] {
  for (const word of words) {
    const [from, to] = word.split('->');
    script.cluster.cut(numberOf(from), numberOf(to));
  }
  return [];
}

function slowDisk(script: RaftScript, n: number): void {
  script.node(n).diskIsSlow = true;
}

function fastDisk(script: RaftScript, n: number): void {
  script.node(n).diskIsSlow = false;
  script.node(n).persistAll();
}

/**
 * `restart n1`; `restart n1 torn` when its newest batch is damaged; `restart n1 suspect` when the
 * end of its log is bad, but nothing that counted was there.
 */
function restart(script: RaftScript, words: readonly string[]): string[] {
  const node = script.node(numberOf(words[0]));
  const how = words[1] ?? 'clean';
  if (how === 'torn') {
    script.cluster.oracle.disksMayForget = true;
    must(node.disk.tear() || null, 'a batch to tear');
  }
  node.restart(how !== 'clean');
  return [];
}

function compact(script: RaftScript, words: readonly string[]): string[] {
  const node = script.node(numberOf(words[0]));
  const meta = node.compact(Number(words[1] ?? Number.POSITIVE_INFINITY));
  return [meta === null ? 'nothing to compact' : `snapshot ${meta.index}@${meta.term}`];
}

/** `send-snapshot`, `send-snapshot fails`, or `send-snapshot under-way`: the shell is not done. */
function sendSnapshot(script: RaftScript, words: readonly string[]): string[] {
  script.cluster.sendSnapshot(words[0] ?? 'done');
  return [];
}

function status(script: RaftScript, words: readonly string[]): string[] {
  return script.numbers(words).flatMap((n) => {
    return [showStatus(script.node(n)), ...showProgress(script.node(n))];
  });
}

function each(action: (script: RaftScript, number: number) => void): Command {
  return (script, words) => {
    for (const n of script.numbers(words)) action(script, n);
    return [];
  };
}

function run(action: (script: RaftScript, words: readonly string[]) => unknown): Command {
  return (script, words) => {
    action(script, words);
    return [];
  };
}

/** `n1->n2 append`: the messages on these links, of this type. */
function filterOf(words: readonly string[]): (message: Message) => boolean {
  const links = words.filter((word) => word.includes('->'));
  const types = words.filter((word) => !word.includes('->'));
  return (message) => {
    const onLink = links.some((link) => {
      const [from = '', to = ''] = link.split('->');
      const isFrom = from === '' || from === nameOf(message.from);
      return isFrom && (to === '' || to === nameOf(message.to));
    });
    const ofType = types.length === 0 || types.includes(message.type);
    return ofType && (links.length === 0 || onLink);
  };
}

function numberOf(word: string | undefined): number {
  return Number(must(/^n(\d)$/.exec(word ?? '')?.[1], `a node instead of ${word}`));
}

function optionsOf(words: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (const word of words) {
    const [key, value] = word.split('=');
    if (key !== undefined && value !== undefined) options.set(key, value);
  }
  return options;
}

function configOf(words: readonly string[]): Partial<RaftConfig> {
  const numbers = [...optionsOf(words)].map(([key, value]) => [key, Number(value)] as const);
  return Object.fromEntries(numbers);
}
