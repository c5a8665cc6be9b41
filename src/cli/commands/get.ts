import type { FlagValues } from '../../lib/settings.ts';
import type { Cli } from '../cli.ts';
import { Client, keyPath } from '../client.ts';
import { EXIT } from '../exit.ts';
import { textField } from '../http.ts';

/** `get <key>`: prints the value, byte for byte, and a newline behind it. */
export async function get(cli: Cli, flags: FlagValues, key: string): Promise<number> {
  const client = new Client(cli, flags);
  const pair = await client.request(keyPath(key));
  if (client.json) {
    client.print(pair, () => []);
    return EXIT.ok;
  }
  const value = textField(pair, 'value') ?? '';
  const isText = textField(pair, 'encoding') !== 'base64';
  cli.out(isText ? value : Uint8Array.fromBase64(value));
  cli.out('\n');
  return EXIT.ok;
}
