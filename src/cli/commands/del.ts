import type { FlagValues } from '../../lib/settings.ts';
import type { Cli } from '../cli.ts';
import { cell, Client, keyPath } from '../client.ts';
import { EXIT } from '../exit.ts';
import { field } from '../http.ts';

/** `del <key>`: prints how many keys that deleted, 1 or 0. With `--prefix`, every key under it. */
export async function del(cli: Cli, flags: FlagValues, key: string): Promise<number> {
  const client = new Client(cli, flags);
  const range = `/kv?prefix=${encodeURIComponent(key)}`;
  const path = flags['prefix'] === true ? range : keyPath(key);
  const answer = await client.request(path, { method: 'DELETE' });
  client.print(answer, () => [`deleted ${cell(field(answer, 'deleted'))}`]);
  return EXIT.ok;
}
