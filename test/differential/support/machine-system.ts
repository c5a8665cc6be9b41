import type { LeaseId } from '../../../src/kv/command.ts';
import type { KvChange } from '../../../src/kv/event.ts';
import { boundsOf } from '../../../src/kv/range-query.ts';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { WHICH_FAULT } from '../differences.ts';
import { type Answer, type Event, failed, isFresh } from './answer.ts';
import { commandOf } from './commands.ts';
import type { Concrete, Watch } from './operation.ts';
import { answerOfResult, eventsOfChange } from './results.ts';
import { isWithin } from './rules.ts';
import { EventLog, type System, type Watcher } from './system.ts';

/** How many changes one step of a watch from the past goes through. */
const REPLAY_BUDGET = 3;

/** The state machine of a node by itself: no log, no network. */
export class MachineSystem implements System {
  readonly name = 'state machine';
  readonly differences = [WHICH_FAULT];
  readonly #watchers = new Set<(change: KvChange) => void>();
  #machine = new StateMachine();

  reset(): Promise<void> {
    this.#machine = new StateMachine();
    this.#machine.listen((change) => {
      for (const hear of this.#watchers) hear(change);
    });
    return Promise.resolve();
  }

  perform(operation: Exclude<Concrete, Watch<number>>): Promise<Answer> {
    return Promise.resolve(this.#perform(operation));
  }

  watch(watch: Watch<number>): Promise<Answer | Watcher> {
    if (isKeyless(watch)) return Promise.resolve(failed('invalid'));
    const { view } = this.#machine;
    const { start, end } = boundsOf(watch);
    const log = new EventLog();
    const first = watch.from === undefined || watch.from === 0 ? view.revision + 1 : watch.from;
    for (let next = first; ; ) {
      const step = view.replay(start, end, next, REPLAY_BUDGET);
      if (step.type === 'compacted') return Promise.resolve(failed('compacted'));
      if (step.type !== 'replay') throw new Error(step.type);
      for (const change of step.changes) log.add(wanted(watch, change));
      if (step.next === next) break;
      next = step.next;
    }
    const hear = (change: KvChange): void => {
      if (change.revision >= first) log.add(wanted(watch, change));
    };
    this.#watchers.add(hear);
    return Promise.resolve({
      log,
      close: () => {
        this.#watchers.delete(hear);
        return Promise.resolve();
      },
    });
  }

  #perform(operation: Exclude<Concrete, Watch<number>>): Answer {
    const machine = this.#machine;
    const { view } = machine;
    switch (operation.type) {
      case 'get': {
        if (isKeyless(operation)) return failed('invalid');
        const { type: _, ...options } = operation;
        const page = view.query(operation, options);
        if (page.type !== 'range') return failed(page.type);
        const { count, kvs, more } = page;
        return { type: 'get', revision: view.revision, count, kvs, more };
      }
      case 'lease-get':
        return this.#lease(operation.id as LeaseId);
      case 'lease-list': {
        const ids = [...view.allLeases()].map(({ id }) => id);
        return { type: 'lease-list', ids: ids.toSorted() };
      }
      default: {
        if (isKeyless(operation)) return failed('invalid');
        const result = machine.apply(commandOf(operation), machine.appliedIndex + 1, 1);
        // Nothing that can be seen may change by it, whenever it happens.
        machine.collect(1);
        return answerOfResult(result);
      }
    }
  }

  #lease(id: LeaseId): Answer {
    const { view } = this.#machine;
    const lease = view.lease(id);
    if (lease === undefined) return failed('lease-not-found');
    const { ttl, remaining } = lease;
    const keys = view.keysOf(id);
    return { type: 'lease-get', id, ttl, isFresh: isFresh(remaining / 1000, ttl), keys };
  }
}

/** Whether a key or a watch's range is empty: the boundary refuses it, before the state machine. */
function isKeyless(operation: Concrete): boolean {
  switch (operation.type) {
    case 'put':
      return operation.key === '';
    case 'get':
    case 'delete':
      return operation.key === '' && operation.end === undefined && operation.open !== true;
    case 'txn':
      return (
        operation.compare.some((compare) => isKeyless({ ...compare, type: 'delete' })) ||
        [...operation.success, ...operation.failure].some(isKeyless)
      );
    case 'watch': {
      const { key, end } = operation;
      return key === '' || (end !== undefined && end <= key);
    }
    default:
      return false;
  }
}

function wanted(watch: Watch<number>, change: KvChange): Event[] {
  return eventsOfChange(change)
    .filter(({ type, pair }) => isWithin(pair.key, watch) && (watch.only ?? type) === type)
    .map((event) => (watch.prev === true ? event : { ...event, prev: null }));
}
