import { describe, expect, test } from 'bun:test';
import { ensureCommands, type Machine } from './system-packages.ts';

/** A machine whose apt-get provides what it is asked for, if it is told to work. */
class FakeMachine implements Machine {
  readonly isRoot: boolean;
  readonly ran: string[] = [];
  readonly #present: Set<string>;
  readonly #provides: readonly string[];

  constructor(present: readonly string[], isRoot = true, provides: readonly string[] = []) {
    this.#present = new Set(present);
    this.isRoot = isRoot;
    this.#provides = provides;
  }

  readonly which = (command: string): string | null =>
    this.#present.has(command) ? `/usr/bin/${command}` : null;

  readonly run = (command: readonly string[]): Promise<number> => {
    this.ran.push(command.join(' '));
    if (command.includes('install')) for (const one of this.#provides) this.#present.add(one);
    return Promise.resolve(0);
  };
}

describe('programs', () => {
  test('that are there need no installation', async () => {
    const machine = new FakeMachine(['jq', 'strace'], false);
    expect(await ensureCommands(['jq', 'strace'], machine)).toBeNull();
    expect(machine.ran).toEqual([]);
  });

  test('that are missing come by their package, lists first, nothing asked', async () => {
    const machine = new FakeMachine(['apt-get', 'jq'], true, ['ip', 'strace']);
    expect(await ensureCommands(['jq', 'ip', 'strace'], machine)).toBeNull();
    expect(machine.ran).toHaveLength(2);
    expect(machine.ran[0]).toMatch(/^apt-get .*update$/);
    expect(machine.ran[1]).toMatch(/^apt-get .*install -y .*iproute2 strace$/);
  });

  test('that nobody may install are named', async () => {
    const advice = 'ip missing: install iproute2 (as root: apt-get install iproute2)';
    const user = new FakeMachine(['apt-get'], false);
    expect(await ensureCommands(['ip'], user)).toBe(advice);
    const otherSystem = new FakeMachine([], true);
    expect(await ensureCommands(['ip'], otherSystem)).toBe(advice);
    expect([...user.ran, ...otherSystem.ran]).toEqual([]);
  });

  test('that did not come are named', async () => {
    const machine = new FakeMachine(['apt-get'], true, ['jq']);
    expect(await ensureCommands(['ip', 'jq'], machine)).toStartWith('ip missing after apt-get');
  });
});
