import type { FlagValues } from '../../lib/settings.ts';
import type { Cli } from '../cli.ts';
import { cell, Client, keyPath } from '../client.ts';
import { EXIT } from '../exit.ts';
import { field } from '../http.ts';

/** `put <key> <value>`: prints the revision of the write. */
export async function put(
  cli: Cli,
  flags: FlagValues,
  key: string,
  value: string,
): Promise<number> {
  const client = new Client(cli, flags);
  const answer = await client.request(keyPath(key), { method: 'PUT', body: value });
  client.print(answer, () => [`revision ${cell(field(answer, 'revision'))}`]);
  return EXIT.ok;
}
