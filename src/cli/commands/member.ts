import { parseOrigin } from '../../lib/peer-url.ts';
import { isId } from '../../lib/ids.ts';
import type { FlagValues } from '../../lib/settings.ts';
import type { Cli } from '../cli.ts';
import { cell, Client, columns } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { field, listField, sending, textField } from '../http.ts';

const SHOWN = ['id', 'name', 'url', 'role', 'reachable'];

/** `member list` */
export async function memberList(cli: Cli, flags: FlagValues): Promise<number> {
  const client = new Client(cli, flags);
  const cluster = await client.request('/cluster');
  const leader = textField(cluster, 'leader');
  client.print(cluster, () =>
    columns([
      [...SHOWN, 'leader'],
      ...listField(cluster, 'members').map((member) => [
        ...SHOWN.map((name) => cell(field(member, name))),
        textField(member, 'id') === leader ? 'yes' : 'no',
      ]),
    ]),
  );
  return EXIT.ok;
}

/** `member add <url>`: the node itself is started with `--join`, which does this by itself. */
export async function memberAdd(cli: Cli, flags: FlagValues, url: string): Promise<number> {
  const origin = parseOrigin(url);
  if (origin === null) {
    throw new ExitError(EXIT.usage, `${url} is not a base URL such as http://10.0.0.1:8080`);
  }
  const name = typeof flags['name'] === 'string' ? { name: flags['name'] } : {};
  const client = new Client(cli, flags);
  const added = await client.request('/cluster/members', sending('POST', { url: origin, ...name }));
  client.print(added, () => [`added ${cell(field(field(added, 'member'), 'id'))}`]);
  return EXIT.ok;
}

/** `member remove <id>` */
export async function memberRemove(cli: Cli, flags: FlagValues, id: string): Promise<number> {
  const client = new Client(cli, flags);
  const removed = await client.request(`/cluster/members/${checkedId(id)}`, { method: 'DELETE' });
  client.print(removed, () => [`removed ${id}`]);
  return EXIT.ok;
}

/** `member promote <id>` */
export async function memberPromote(cli: Cli, flags: FlagValues, id: string): Promise<number> {
  const client = new Client(cli, flags);
  const path = `/cluster/members/${checkedId(id)}/promote`;
  const promoted = await client.request(path, { method: 'POST' });
  client.print(promoted, () => [`promoted ${id}`]);
  return EXIT.ok;
}

function checkedId(id: string): string {
  if (isId(id)) return id;
  throw new ExitError(EXIT.usage, `${id} is not a member id; "member list" shows them`);
}
