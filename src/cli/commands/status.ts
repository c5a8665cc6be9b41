import type { Command } from 'commander';
import type { StatusAnswer } from '../../wire/node.ts';
import { AbcdError } from '../../client/client.ts';
import type { FlagValues } from '../../lib/settings.ts';
import { clientCommand, inSession, type Session, type Tools } from '../client.ts';
import { EXIT } from '../exit.ts';
import { switchFlag } from '../flags.ts';
import { cell, columns } from '../output.ts';

const SHOWN = [
  'name',
  'id',
  'role',
  'term',
  'leader',
  'commitIndex',
  'appliedIndex',
  'revision',
] as const satisfies readonly (keyof StatusAnswer)[];

type Answer =
  | { readonly endpoint: string; readonly status: StatusAnswer }
  | { readonly endpoint: string; readonly error: string };

export function addStatusCommand(program: Command, tools: Tools): void {
  clientCommand(program, 'status', 'show the state of each endpoint')
    .option('--cluster', 'ask every member of the cluster, not the endpoints alone')
    .action((flags: FlagValues) => inSession(tools, flags, (session) => status(session, flags)));
}

/** `status`: what every endpoint says of itself. Fails when one of them does not answer. */
async function status(session: Session, flags: FlagValues): Promise<number> {
  const { client } = session;
  const endpoints = switchFlag(flags, 'cluster')
    ? (await client.cluster.get()).members.map(({ url }) => url)
    : session.endpoints;
  const answers = await Promise.all(endpoints.map((endpoint) => ask(session, endpoint)));
  session.print(answers, () =>
    columns([
      ['endpoint', ...SHOWN],
      ...answers.map((answer) =>
        'status' in answer
          ? [answer.endpoint, ...SHOWN.map((name) => cell(answer.status[name]))]
          : [answer.endpoint, answer.error],
      ),
    ]),
  );
  return answers.every((answer) => 'status' in answer) ? EXIT.ok : EXIT.unavailable;
}

async function ask({ client }: Session, endpoint: string): Promise<Answer> {
  try {
    return { endpoint, status: await client.node(endpoint).status() };
  } catch (error) {
    if (!(error instanceof AbcdError)) throw error;
    return { endpoint, error: error.detail.replace(`${endpoint}: `, '') };
  }
}
