import type { Config } from '../config.ts';
import { createApp } from '../http/app.ts';
import { httpConfigOf } from '../http/config.ts';
import { type HttpServer, listen } from '../http/server.ts';
import type { MemberId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import { isLoopback } from '../lib/peer-url.ts';
import { Prng } from '../lib/prng.ts';
import { Node } from '../node/node.ts';
import { DEFAULT_LIMITS, type NodeLimits, type NodeOptions } from '../node/options.ts';
import { FaultTable } from '../transport/faults.ts';
import { FetchTransport } from '../transport/fetch-transport.ts';
import { DEFAULT_PEER_TIMEOUTS } from '../transport/timeouts.ts';
import type { TransportHandler } from '../transport/transport.ts';
import { must } from '../lib/assert.ts';
import type { Cli } from './cli.ts';
import { EXIT, ExitError } from './exit.ts';
import { announceUrl, joinCluster } from './join.ts';
import { type OpenedNode, openNode } from './open-node.ts';
import { portError } from './port.ts';

const DRAIN_MS = 3000;
const TICK_MS_MAX = 20;

/** One node of a cluster in this process: its directory, its core, its port. */
export class NodeProcess {
  /** Resolves when the node cannot go on: with an exit code, or a refusal still to be told. */
  readonly failed: Promise<number | ExitError>;
  readonly #node: Node;
  readonly #server: HttpServer;
  readonly #opened: OpenedNode;
  readonly #stopping: AbortController;

  private constructor(
    node: Node,
    server: HttpServer,
    opened: OpenedNode,
    stopping: AbortController,
    failed: Promise<number | ExitError>,
  ) {
    this.#node = node;
    this.#server = server;
    this.#opened = opened;
    this.#stopping = stopping;
    this.failed = failed;
  }

  /** Brings the node up; it answers requests as soon as this resolves. */
  static async start(cli: Cli, config: Config, logger: Logger): Promise<NodeProcess> {
    const opened = await openNode(cli, config, logger);
    const stopping = new AbortController();
    const failure = Promise.withResolvers<number | ExitError>();
    const fail = (error: unknown, exitCode: number) => {
      logger.log('fatal', 'node', 'the node cannot go on', { error, exitCode });
      failure.resolve(exitCode);
    };
    const wiring = new Wiring(cli, config, logger, opened);
    const node = await wiring.startNode(fail);
    const server = wiring.listen(node, stopping.signal);
    const { url, dataDir } = config;
    const { memberId, clusterId } = node;
    logger.log('info', 'node', 'listening', { url, dataDir, memberId, clusterId });
    const started = new NodeProcess(node, server, opened, stopping, failure.promise);
    started.#introduce(cli, config, logger).catch((error: unknown) => {
      if (error instanceof ExitError) failure.resolve(error);
      else fail(error, EXIT.defect);
    });
    return started;
  }

  /** Hands leadership over, lets running requests end, closes the files. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    // The port stays open meanwhile: the hand-over needs the answers of the peers.
    await this.#node.stop();
    await this.#server.stop(DRAIN_MS);
    this.#opened.lock.release();
  }

  /** After a failure: those who wait are answered, and no more. */
  async abandon(): Promise<void> {
    this.#stopping.abort();
    await this.#server.stop(0);
  }

  /** Tells the cluster of this node, if it does not know it, or knows it elsewhere. */
  async #introduce(cli: Cli, config: Config, logger: Logger): Promise<void> {
    const { joinThrough } = this.#opened;
    const { signal } = this.#stopping;
    const self = { id: this.#node.memberId, name: config.name, url: config.url };
    if (joinThrough.length > 0) {
      const joined = await joinCluster(cli, joinThrough, self, logger, signal);
      if (joined.type === 'done') logger.log('info', 'node', 'added to the cluster');
      if (joined.type === 'refused') {
        throw new ExitError(EXIT.refused, `the cluster refuses this node: ${joined.why}`);
      }
      return;
    }
    const urls = whereItMoved(this.#node, config.url);
    if (urls === null) return;
    const told = await announceUrl(cli, urls, self, logger, signal);
    logger.log('info', 'node', 'the new URL was announced', { url: config.url, ...told });
  }
}

/** Whom to tell that this member is at another URL now; null when all is as it was. */
function whereItMoved(node: Node, url: string): readonly string[] | null {
  const { members } = node.consensusState().configuration;
  const self = members.find((member) => member.id === node.memberId);
  if (self === undefined || (self.peerUrls[0] === url && self.clientUrls[0] === url)) return null;
  const others = members.filter((member) => member !== self);
  return [...others.map((member) => member.clientUrls[0] ?? ''), url];
}

/** Puts the adapters of the real world together. */
class Wiring {
  readonly #cli: Cli;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #opened: OpenedNode;
  readonly #prng: Prng;
  #node: Node | null = null;
  #transport: FetchTransport | null = null;

  constructor(cli: Cli, config: Config, logger: Logger, opened: OpenedNode) {
    this.#cli = cli;
    this.#config = config;
    this.#logger = logger;
    this.#opened = opened;
    this.#prng = new Prng(new DataView(cli.randomBytes().buffer).getUint32(0));
  }

  async startNode(onFatal: NodeOptions['onFatal']): Promise<Node> {
    const { storage, restored, founding } = this.#opened;
    const { name, url, forceRecovered, heartbeatMs, electionMs } = this.#config;
    const { enableFaults } = this.#config;
    const chance = this.#prng.fork();
    const faults = enableFaults
      ? new FaultTable(this.#cli.clock, (probability) => chance.chance(probability))
      : null;
    this.#node = await Node.start({
      storage,
      restored,
      founding,
      forceRecovered,
      url,
      name,
      transport: (handler) => this.#createTransport(handler, faults),
      clock: this.#cli.clock,
      logger: this.#logger,
      seed: this.#prng.uint32(),
      timing: { tickMs: tickOf(heartbeatMs), heartbeatMs, electionMs },
      limits: nodeLimitsOf(this.#config),
      edgeLimits: edgeLimitsOf(this.#config),
      faults,
      onFatal,
    });
    return this.#node;
  }

  /** @throws ConfigError when the port cannot be had. */
  listen(node: Node, shutdown: AbortSignal): HttpServer {
    const { host, port } = this.#config;
    const config = httpConfigOf(this.#config, this.#cli.version);
    const peers = must(this.#transport, 'transport').endpoint;
    const app = createApp({ node, peers, config, logger: this.#logger, shutdown });
    try {
      return listen(app, { host, port, logger: this.#logger });
    } catch (error) {
      throw portError(host, port, error);
    }
  }

  #createTransport(handler: TransportHandler, faults: FaultTable | null): FetchTransport {
    const { clusterId, memberId } = this.#opened.restored.identity;
    const transport = new FetchTransport(
      {
        self: memberId,
        clusterId,
        secret: this.#config.clusterSecret,
        bootNonce: this.#cli.randomBytes().toHex(),
        clock: this.#cli.clock,
        logger: this.#logger,
        timeouts: DEFAULT_PEER_TIMEOUTS,
        isRemoved: (id: MemberId) => this.#isRemoved(id),
        currentTerm: () => this.#node?.term() ?? 0,
        faults,
      },
      handler,
    );
    this.#transport = transport;
    return transport;
  }

  #isRemoved(id: MemberId): boolean {
    return this.#node?.raft.state.hasRemoved(id) ?? false;
  }
}

/** What the node goes by; what cannot be set has its default. */
export function nodeLimitsOf(config: Config): NodeLimits {
  return {
    ...DEFAULT_LIMITS,
    snapshotWalBytes: config.snapshotWalBytes,
    reserveBytes: config.reserveBytes,
    pendingProposals: config.pendingProposals,
    pendingBytes: config.pendingBytes,
    pendingReads: config.pendingReads,
    quotaBytes: config.quotaBytes,
    autoCompaction: config.autoCompaction === 'on',
    historyBytes: config.historyBytes,
    historyRevisions: config.historyRevisions,
    historyAgeMs: config.historyAgeMs,
    hashCheckMs: config.hashCheckMs,
  };
}

/** What the REST interface keeps, by the keys of the settings. */
function edgeLimitsOf(config: Config): ReadonlyMap<string, number> {
  const { keyBytes, valueBytes, requestBytes, txnOperations, lockWaitMs } = config;
  const { pageItemsMax, pageBytes, watcherBytes } = config;
  const sizes = { keyBytes, valueBytes, requestBytes, pageBytes, watcherBytes };
  return new Map(Object.entries({ ...sizes, txnOperations, pageItemsMax, lockWait: lockWaitMs }));
}

/**
 * The core's unit of time. Shorter ones keep elections further apart, and cost an idle node more.
 */
function tickOf(heartbeatMs: number): number {
  return Math.max(1, Math.min(TICK_MS_MAX, Math.floor(heartbeatMs / 5)));
}

/** What deserves a word before the node starts. */
export function warnings(config: Config): readonly string[] {
  const { host, url, clusterSecret } = config;
  const found: string[] = [];
  if (isLoopback(host) && !isLoopback(new URL(url).hostname)) {
    found.push(`the node listens on ${host} only, so nobody reaches it at ${url}`);
  }
  if (!isLoopback(host) && clusterSecret === null) {
    found.push('there is no cluster secret: whoever reaches the port can change everything');
  }
  if (clusterSecret !== null && clusterSecret.length < 16) {
    found.push('the cluster secret is shorter than 16 characters');
  }
  return found;
}
