import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { getRaw, put, request } from '../support/client.ts';
import { freePorts, NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { tempDir } from '../support/temp-dir.ts';

interface MemberView {
  readonly id: string;
  readonly url: string;
  readonly role: string;
}

async function members(url: string): Promise<MemberView[]> {
  const response = await fetch(`${url}/cluster`);
  return ((await response.json()) as { members: MemberView[] }).members;
}

test('nodes join through any member, become voters, and come back without flags', async () => {
  using dir = tempDir();
  const ports = await freePorts(3);
  const nodeOn = (i: number, ...more: string[]): NodeProcess => {
    const port = ports[i] ?? 0;
    const dataDir = join(dir.path, `n${i}`);
    return NodeProcess.spawn({ port, args: ['--port', `${port}`, '--data-dir', dataDir, ...more] });
  };
  await using first = nodeOn(0);
  await first.up();
  for (let i = 0; i < 20; i += 1) await put(first.url, `before/${i}`, `${i}`);

  await using second = nodeOn(1, '--join', first.url);
  await second.up();
  await until(
    () => `the second is a voter\n${first.output}\n${second.output}`,
    async () => {
      return (await members(first.url)).filter(({ role }) => role === 'voter').length === 2;
    },
  );
  // Through a follower: whichever of the two does not lead.
  const follower = (await first.status()).role === 'leader' ? second : first;
  await using third = nodeOn(2, '--join', follower.url);
  await third.up();
  await until(
    () => `the third is a voter\n${first.output}\n${third.output}`,
    async () => {
      return (await members(third.url)).filter(({ role }) => role === 'voter').length === 3;
    },
  );
  expect(new TextDecoder().decode((await getRaw(third.url, 'before/7')) ?? undefined)).toBe('7');

  expect(await third.stop()).toBe(0);
  expect(await put(first.url, 'while/away', '1')).toMatchObject({ type: 'ok' });
  third.restart(['--data-dir', join(dir.path, 'n2')]);
  await third.up();
  expect(await getRaw(third.url, 'while/away')).toEqual(new TextEncoder().encode('1'));
  expect((await members(second.url)).map(({ role }) => role)).toEqual(['voter', 'voter', 'voter']);
}, 60_000);

test('a member is removed: the rest go on, and it is never listened to again', async () => {
  using dir = tempDir();
  const ports = await freePorts(2);
  const [port = 0, port2 = 0] = ports;
  await using first = NodeProcess.spawn({
    port,
    args: ['--port', `${port}`, '--data-dir', join(dir.path, 'a')],
  });
  await first.up();
  await using second = NodeProcess.spawn({
    port: port2,
    args: ['--port', `${port2}`, '--data-dir', join(dir.path, 'b'), '--join', first.url],
  });
  await second.up();
  await until(
    () => `it is a voter\n${first.output}\n${second.output}`,
    async () => {
      return (await members(first.url)).filter(({ role }) => role === 'voter').length === 2;
    },
  );
  const { id } = await second.status();
  const removed = await request('DELETE', `${first.url}/cluster/members/${id}`, null);
  expect(removed).toMatchObject({ type: 'ok' });
  const { term } = await first.status();
  await second.kill();
  expect(await put(first.url, 'alone', '1')).toMatchObject({ type: 'ok' });
  second.restart();
  await second.up().catch(() => undefined);
  await Bun.sleep(1500);
  expect(await put(first.url, 'still', '1')).toMatchObject({ type: 'ok' });
  expect((await first.status()).term).toBeLessThanOrEqual(term + 1);
  const last = await first.status();
  const again = await request('DELETE', `${first.url}/cluster/members/${last.id}`, null);
  expect(again).toMatchObject({ type: 'no', status: 409 });
}, 60_000);
