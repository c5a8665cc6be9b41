import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as StateMachineModule from '../../src/kv/state-machine.ts';
import { b, put } from './support/commands.ts';

const ENTRY = join(import.meta.dir, '../../src/kv/state-machine.ts');

test.each(['browser', 'bun'] as const)(
  'the state machine works in a bundle for %s',
  async (target) => {
    const outdir = mkdtempSync(join(tmpdir(), 'abcd-bundle-'));
    try {
      const built = await Bun.build({ entrypoints: [ENTRY], outdir, target, minify: true });
      expect(built.success).toBeTrue();
      const [output] = built.outputs;
      expect(await output?.text()).not.toMatch(/\b(Bun|Buffer|process|require)\b[.(]/);
      const { StateMachine } = (await import(output?.path ?? '')) as typeof StateMachineModule;
      const machine = new StateMachine();
      machine.apply(put('a', '1', { requestId: 'c.1' }), 1);
      expect(machine.view.get(b('a'))?.value).toBe(b('1'));
      expect([...machine.snapshot()]).toHaveLength(5);
    } finally {
      rmSync(outdir, { recursive: true });
    }
  },
);
