import type { Storage } from '../../storage/storage.ts';
import { ApiError } from '../../wire/errors.ts';
import type { KvProposal } from '../api.ts';
import { isFreeing } from './growth.ts';
import type { NodeLimits } from '../options.ts';

/** Free space is looked at this often, in ticks. */
const DISK_LOOK_TICKS = 50;
const RETRY_AFTER_SECONDS = 1;
/** What a line of the log holds beside the command, about. */
const LINE_FRAME_BYTES = 120;

/**
 * ADMISSION: what a leader refuses before it reaches the log. Decided here, never while applying,
 * for no two nodes have the same disk or the same queue.
 */
export class Admission {
  readonly #storage: Storage;
  readonly #limits: NodeLimits;
  readonly #failed: (error: unknown) => void;
  #freeAtLook = Number.POSITIVE_INFINITY;
  /** Bytes taken since the last look began, and between that one and the look before it. */
  #takenSince = 0;
  #takenBefore = 0;
  #ticks = 0;
  #looking = false;

  constructor(storage: Storage, limits: NodeLimits, failed: (error: unknown) => void) {
    this.#storage = storage;
    this.#limits = limits;
    this.#failed = failed;
  }

  /** Less than twice the reserve is free: only what gives space back is taken. */
  get diskIsNearlyFull(): boolean {
    return this.freeBytes < 2 * this.#limits.reserveBytes;
  }

  /**
   * What will be free at least, once all that was taken is written. A second is long enough to fill
   * a disk, so what was taken since the last look counts; so does what was taken shortly before,
   * for it may have been on its way to the disk at the time.
   */
  get freeBytes(): number {
    return Math.max(0, this.#freeAtLook - this.#takenSince - this.#takenBefore);
  }

  tick(): void {
    if (this.#ticks % DISK_LOOK_TICKS === 0) this.look().catch(this.#failed);
    this.#ticks += 1;
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const taken = this.#takenSince;
    this.#freeAtLook = await this.#storage.freeBytes();
    this.#takenBefore = taken;
    this.#takenSince -= taken;
    this.#looking = false;
  }

  /** An entry with this many bytes of command is on its way to the disk. */
  took(commandBytes: number): void {
    this.#takenSince += commandBytes + LINE_FRAME_BYTES;
  }

  /** @throws ApiError when a command must not be taken now. */
  check(proposal: KvProposal, waiting: { readonly count: number; readonly bytes: number }): void {
    if (this.diskIsNearlyFull && !isFreeing(proposal)) {
      throw new ApiError(
        'disk-full',
        'The leader refuses writes while its disk is nearly full; deletes are taken.',
        { freeBytes: this.freeBytes, neededBytes: 2 * this.#limits.reserveBytes },
      );
    }
    const { pendingProposals, pendingBytes } = this.#limits;
    if (waiting.count < pendingProposals && waiting.bytes < pendingBytes) return;
    const tooMany = waiting.count >= pendingProposals;
    throw new ApiError('too-many-requests', 'Too many writes wait to be committed.', {
      limit: tooMany ? pendingProposals : pendingBytes,
      limitName: tooMany ? 'pending-proposals' : 'pending-bytes',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
}
