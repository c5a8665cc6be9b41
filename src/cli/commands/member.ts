import type { Command } from 'commander';
import { isId } from '../../lib/ids.ts';
import { parseOrigin } from '../../lib/peer-url.ts';
import type { FlagValues } from '../../lib/settings.ts';
import { clientCommand, inSession, type Session, type Tools } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { textFlag } from '../flags.ts';
import { cell, columns } from '../output.ts';

export function addMemberCommands(program: Command, tools: Tools): void {
  const member = program.command('member').description('show and change the membership');
  clientCommand(member, 'list', 'show the members').action((flags: FlagValues) =>
    inSession(tools, flags, list),
  );
  clientCommand(member, 'add <url>', 'add a member (a node started with --join does so itself)')
    .option('--name <name>', 'name of the new member')
    .action((url: string, flags: FlagValues) =>
      inSession(tools, flags, (session) => add(session, flags, url)),
    );
  clientCommand(member, 'remove <id>', 'remove a member for ever').action(
    (id: string, flags: FlagValues) => inSession(tools, flags, (session) => remove(session, id)),
  );
  clientCommand(member, 'promote <id>', 'make a learner a voter').action(
    (id: string, flags: FlagValues) => inSession(tools, flags, (session) => promote(session, id)),
  );
  clientCommand(member, 'move <id> <url>', 'say where a member is now').action(
    (id: string, url: string, flags: FlagValues) =>
      inSession(tools, flags, (session) => move(session, id, url)),
  );
  clientCommand(member, 'lead [id]', 'hand leadership over, to the member given if any').action(
    (id: string | undefined, flags: FlagValues) =>
      inSession(tools, flags, (session) => lead(session, id)),
  );
}

async function list(session: Session): Promise<number> {
  const cluster = await session.client.cluster.get();
  session.print(cluster, () =>
    columns([
      ['id', 'name', 'url', 'role', 'reachable', 'leader'],
      ...cluster.members.map(({ id, name, url, role, reachable }) => [
        ...[id, name, url, role, reachable].map(cell),
        id === cluster.leader ? 'yes' : 'no',
      ]),
    ]),
  );
  return EXIT.ok;
}

/** `member add`: the node itself is started with `--join`, which does this by itself. */
async function add(session: Session, flags: FlagValues, url: string): Promise<number> {
  const name = textFlag(flags, 'name');
  const added = await session.client.cluster.add(
    checkedUrl(url),
    name === undefined ? {} : { name },
  );
  session.print(added, () => [`added ${added.member.id}`]);
  return EXIT.ok;
}

async function remove(session: Session, id: string): Promise<number> {
  const removed = await session.client.cluster.remove(checkedId(id));
  session.print(removed, () => [`removed ${id}`]);
  return EXIT.ok;
}

async function promote(session: Session, id: string): Promise<number> {
  const promoted = await session.client.cluster.promote(checkedId(id));
  session.print(promoted, () => [`promoted ${id}`]);
  return EXIT.ok;
}

async function move(session: Session, id: string, url: string): Promise<number> {
  const moved = await session.client.cluster.move(checkedId(id), checkedUrl(url));
  session.print(moved, () => [`moved ${id}`]);
  return EXIT.ok;
}

async function lead(session: Session, id: string | undefined): Promise<number> {
  const to = id === undefined ? undefined : checkedId(id);
  const answer = await session.client.cluster.transferLeadership(to);
  session.print(answer, () => [`${answer.leader} leads`]);
  return EXIT.ok;
}

function checkedId(id: string): string {
  if (isId(id)) return id;
  throw new ExitError(EXIT.usage, `${id} is not a member id; "member list" shows them`);
}

function checkedUrl(url: string): string {
  const origin = parseOrigin(url);
  if (origin !== null) return origin;
  throw new ExitError(EXIT.usage, `${url} is not a base URL such as http://10.0.0.1:8080`);
}
