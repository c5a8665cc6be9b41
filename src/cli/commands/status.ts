import type { FlagValues } from '../../lib/settings.ts';
import type { Cli } from '../cli.ts';
import { cell, Client, columns } from '../client.ts';
import { EXIT } from '../exit.ts';
import { field } from '../http.ts';
import { whyNot } from '../join.ts';

const SHOWN = ['name', 'id', 'role', 'term', 'leader', 'commitIndex', 'appliedIndex', 'revision'];

/** `status`: what every endpoint says of itself. Fails when one of them does not answer. */
export async function status(cli: Cli, flags: FlagValues): Promise<number> {
  const client = new Client(cli, flags);
  const answers = await Promise.all(
    client.endpoints.map(async (endpoint) => ({
      endpoint,
      answer: await client.ask(endpoint, '/status'),
    })),
  );
  const rows: string[][] = [];
  const bodies: unknown[] = [];
  let failed = false;
  for (const { endpoint, answer } of answers) {
    const ok = answer.type === 'answered' && answer.status === 200;
    failed ||= !ok;
    rows.push([endpoint, ...(ok ? SHOWN.map((name) => cell(field(answer.body, name))) : [])]);
    if (!ok) rows.at(-1)?.push(whyNot(answer));
    bodies.push(ok ? { endpoint, status: answer.body } : { endpoint, error: whyNot(answer) });
  }
  client.print(bodies, () => columns([['endpoint', ...SHOWN], ...rows]));
  return failed ? EXIT.usage : EXIT.ok;
}
