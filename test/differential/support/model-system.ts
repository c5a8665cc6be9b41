import type { LeaseId } from '../../../src/kv/command.ts';
import { SESSION_LIMITS } from '../../../src/kv/session.ts';
import { Model } from '../../kv/support/model.ts';
import { type Answer, type Event, failed } from './answer.ts';
import { commandOf } from './commands.ts';
import type { Concrete, Watch } from './operation.ts';
import { answerOfResult, eventsOfChange } from './results.ts';
import { faultsInAbcd } from './rules.ts';

/** What must come out: the slow model of the state machine, with the rules for what is asked. */
export class ModelSystem {
  #model = new Model(SESSION_LIMITS);

  get revision(): number {
    return this.#model.revision;
  }

  get compactRevision(): number {
    return this.#model.compactRevision;
  }

  reset(): void {
    this.#model = new Model(SESSION_LIMITS);
  }

  perform(operation: Exclude<Concrete, Watch<number>>): Answer {
    const [fault] = faultsInAbcd(operation);
    if (fault !== undefined) return failed(fault);
    switch (operation.type) {
      case 'get': {
        const { type: _, ...rest } = operation;
        return answerOfResult(this.#model.query(operation, rest));
      }
      case 'lease-get':
        return this.#lease(operation.id as LeaseId);
      case 'lease-list':
        return { type: 'lease-list', ids: [...this.#model.leases.keys()].toSorted() };
      default:
        return answerOfResult(this.#model.apply(commandOf(operation), 1));
    }
  }

  /** Whether a watch can be opened. */
  watch(watch: Watch<number>): Answer {
    if (faultsInAbcd(watch).size > 0) return failed('invalid');
    const { from = 0 } = watch;
    const isForgotten = from !== 0 && from < this.compactRevision;
    return isForgotten ? failed('compacted') : { type: 'watch' };
  }

  /** What a watch tells of the revisions from one on. */
  eventsOf(watch: Watch<number>, from: number): Event[] {
    const events = this.#model.changes(watch, from).flatMap(eventsOfChange);
    return events
      .filter(({ type }) => watch.only === undefined || type === watch.only)
      .map((event) => (watch.prev === true ? event : { ...event, prev: null }));
  }

  #lease(id: LeaseId): Answer {
    const lease = this.#model.leases.get(id);
    if (lease === undefined) return failed('lease-not-found');
    const keys = this.#model.keysOf(id);
    return { type: 'lease-get', id, ttl: lease.ttl, isFresh: true, keys };
  }
}
