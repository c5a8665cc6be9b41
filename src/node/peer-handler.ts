import type { MemberId } from '../lib/ids.ts';
import type { Message } from '../raft/message.ts';
import type {
  ForwardAnswer,
  ForwardRequest,
  SnapshotChunk,
  SnapshotChunkAnswer,
  TransportHandler,
} from '../transport/transport.ts';
import { messageEvent } from './telemetry/event-views.ts';
import type { Parts } from './parts.ts';

/** What peers can ask of a node: everything the transport hands over. */
export class PeerHandler implements TransportHandler {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  onMessage(message: Message): void {
    const { events, driver } = this.#parts;
    if (events.wantsMessages) {
      events.emit('raft', messageEvent('received', message), 'message', 'trace');
    }
    driver.input((raft) => raft.step(message));
  }

  onUnreachable(_to: MemberId, message: Message): void {
    this.#parts.driver.input((raft) => raft.unreachable(message));
  }

  onDisowned(by: MemberId): void {
    this.#parts.driver.input((raft) => raft.disowned(by));
  }

  async onSnapshotChunk(from: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    return await this.#parts.receiver.receive(from, chunk);
  }

  async onForward(request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    const { calls, hashCheck, options } = this.#parts;
    const begun = options.clock.now();
    const answer = await (hashCheck.serve(request) ?? calls.serve(request, timeoutMs));
    if (options.logger.enabled('debug')) this.#log(request, answer, begun);
    return answer;
  }

  /** The request of a client that reached another node, whose log has it under the same names. */
  #log(request: ForwardRequest, { ok, body }: ForwardAnswer, begun: number): void {
    const { clock, logger } = this.#parts.options;
    const { operation, from, correlation } = request;
    const code = ok ? null : (body as { readonly code: string }).code;
    const ms = Math.round(clock.now() - begun);
    const fields = { operation, from, ok, code, ms, ...correlation };
    logger.log('debug', 'node', 'forwarded request', fields);
  }
}
