import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import { type LeaseKey, TTL_MAX } from '../../wire/leases.ts';
import { clientCommand, inLongSession, inSession, type Session, type Tools } from '../client.ts';
import { EXIT } from '../exit.ts';
import { firstOf } from '../first-of.ts';
import { textFlag, wholeNumber } from '../flags.ts';
import { columns, shownKey } from '../output.ts';

export function addLeaseCommands(program: Command, tools: Tools): void {
  const lease = program.command('lease').description('times to live that keys can share');
  clientCommand(lease, 'grant <seconds>', 'a new lease, which nobody renews yet')
    .option('--id <id>', 'the id it is to have')
    .action((seconds: string, flags: FlagValues) =>
      inSession(tools, flags, (session) => grant(session, flags, seconds)),
    );
  clientCommand(lease, 'revoke <id>', 'end a lease, and delete its keys').action(
    (id: string, flags: FlagValues) => inSession(tools, flags, (session) => revoke(session, id)),
  );
  clientCommand(lease, 'keepalive <id>', 'renew a lease until interrupted')
    .option('--once', 'renew it once')
    .action((id: string, flags: FlagValues) =>
      inLongSession(tools, flags, (session) => keepAlive(session, flags, id)),
    );
  clientCommand(lease, 'get <id>', 'show what is left of a lease, and its keys').action(
    (id: string, flags: FlagValues) => inSession(tools, flags, (session) => show(session, id)),
  );
  clientCommand(lease, 'list', 'show all leases').action((flags: FlagValues) =>
    inSession(tools, flags, list),
  );
}

async function grant(session: Session, flags: FlagValues, seconds: string): Promise<number> {
  const ttl = wholeNumber(seconds, seconds, 1, TTL_MAX);
  const id = textFlag(flags, 'id');
  const lease = await session.client.leases.grantOnly(ttl, id === undefined ? {} : { id });
  session.print(lease, () => [`lease ${lease.id} granted for ${lease.ttl} s`]);
  return EXIT.ok;
}

async function revoke(session: Session, id: string): Promise<number> {
  const answer = await session.client.leases.revoke(id);
  session.print(answer, () => [`lease ${id} revoked, keys deleted: ${answer.deleted}`]);
  return EXIT.ok;
}

async function keepAlive(session: Session, flags: FlagValues, id: string): Promise<number> {
  const { stopping } = session.cli;
  if (flags['once'] === true) {
    const lease = await session.client.leases.keepAlive(id, { signal: stopping });
    session.print(lease, () => [`lease ${id} renewed for ${lease.ttl} s`]);
    return EXIT.ok;
  }
  const lease = await session.client.leases.hold(id, { signal: stopping });
  session.print({ id, ttl: lease.ttl }, () => [`lease ${id} is kept alive: ${lease.ttl} s`]);
  await firstOf(lease.signal, stopping);
  if (!stopping.aborted) throw lease.signal.reason;
  return EXIT.ok;
}

async function show(session: Session, id: string): Promise<number> {
  const lease = await session.client.leases.get(id);
  const keys = [...lease.keys];
  for (let cursor = lease.next; cursor !== null; ) {
    const page = await session.client.leases.get(id, { cursor });
    keys.push(...page.keys);
    cursor = page.next;
  }
  const { ttl, remaining } = lease;
  session.print({ id, ttl, remaining, keys }, () => [
    `lease ${id}: ${remaining} s of ${ttl} s are left, keys: ${keys.length}`,
    ...keys.map((key) => `  ${shownLeaseKey(key)}`),
  ]);
  return EXIT.ok;
}

function shownLeaseKey(key: LeaseKey): string {
  if (typeof key === 'string') return shownKey({ key });
  return shownKey({ key: key.base64, keyEncoding: 'base64' });
}

async function list(session: Session): Promise<number> {
  const rows: string[][] = [];
  for await (const lease of session.client.leases.all()) {
    if (session.json) session.line(JSON.stringify(lease));
    else rows.push([lease.id, `${lease.ttl}`]);
  }
  if (!session.json) for (const row of columns([['id', 'ttl'], ...rows])) session.line(row);
  return EXIT.ok;
}
