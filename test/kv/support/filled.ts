import { StateMachine } from '../../../src/kv/state-machine.ts';
import { bytesOfBuffer } from '../../../src/lib/bytes.ts';
import {
  ABSENT,
  b,
  checkpoint,
  compact,
  compare,
  del,
  getOp,
  grant,
  id,
  put,
  putOp,
  txn,
  txnOp,
} from './commands.ts';
import { restore } from './rig.ts';

/** A machine with some of everything a snapshot can hold. */
export function filled(): StateMachine {
  const machine = new StateMachine();
  const binary = bytesOfBuffer(Uint8Array.of(0, 0xff));
  [
    put('__proto__', '1', { requestId: 'constructor.1', at: 5 }),
    put('__proto__', '2', { requestId: 'constructor.2', prev: true, at: 6 }),
    put('10', ''),
    put('2', 'x', { requestId: '__proto__', condition: ABSENT, at: 7 }),
    put('2', 'x', { requestId: 'a.0', condition: ABSENT, at: 8 }),
    compact(4),
    grant('7', 60, { requestId: 'b.1' }),
    checkpoint('7', 12_345, 7, 3),
    grant('9223372036854775807', 1),
    put('é\n"\\', '\u0000', { lease: id('7') }),
    put('', 'y', { key: binary, value: binary }),
    del('1', { end: b('3'), prev: true, requestId: 'range', at: 9 }),
    put('10', 'again'),
    txn(
      [
        putOp('t', '1', { lease: id('7'), prev: true }),
        txnOp(
          [compare('u', 'version', '=', 0)],
          [getOp('1', { end: b('z'), limit: 2 }), putOp('s', '')],
        ),
      ],
      { requestId: 'txn' },
    ),
  ].forEach((command, i) => machine.apply(command, i + 1, 3));
  return machine;
}

export function restored(lines: Iterable<string>): StateMachine {
  const machine = new StateMachine();
  restore(machine, lines);
  return machine;
}
