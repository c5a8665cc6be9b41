import type { Command } from 'commander';
import type { Txn } from '../../client/txn.ts';
import type { FlagValues } from '../../lib/settings.ts';
import type { TxnOpAnswer } from '../../wire/txn.ts';
import { clientCommand, inSession, type Session, type Tools } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { textFlag } from '../flags.ts';
import { shownKey, shownValue } from '../output.ts';

const HELP = `
Reads one JSON object from standard input, or from --file, as POST /txn takes it:

  echo '{"compare":[{"key":"a","target":"version","op":"=","value":0}],
         "success":[{"put":{"key":"a","value":"1"}}],
         "failure":[{"get":{"key":"a"}}]}' | abcd txn

Whether the compares held is said in the output; both are a success of the command.`;

export function addTxnCommand(program: Command, tools: Tools): void {
  clientCommand(program, 'txn', 'do several things at once, if what they ask for holds')
    .option('--file <file>', 'read the transaction from a file')
    .addHelpText('after', HELP)
    .action((flags: FlagValues) => inSession(tools, flags, (session) => txn(session, flags)));
}

async function txn(session: Session, flags: FlagValues): Promise<number> {
  const answer = await session.client.txn(await readTxn(session, textFlag(flags, 'file')));
  session.print(answer, () => [
    answer.succeeded ? 'succeeded: the compares held' : 'failed: a compare did not hold',
    `revision ${answer.revision}`,
    ...answer.results.flatMap((result) => linesOf(result, '')),
  ]);
  return EXIT.ok;
}

/** The node says what is wrong with the object; here it need only be one. */
async function readTxn({ cli }: Session, file: string | undefined): Promise<Txn> {
  const text = file === undefined ? new TextDecoder().decode(await cli.readInput()) : read(file);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(EXIT.usage, `the transaction is not JSON: ${why}`);
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new ExitError(EXIT.usage, 'the transaction must be a JSON object; --help shows one');

  function read(path: string): string {
    try {
      return cli.readText(path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ExitError(EXIT.usage, `--file ${path} cannot be read: ${why}`);
    }
  }
}

function linesOf(result: TxnOpAnswer, indent: string): string[] {
  if ('put' in result) return [`${indent}put  ${shownKey(result.put)}`];
  if ('delete' in result) return [`${indent}delete  ${result.delete.deleted}`];
  if ('get' in result) {
    const pairs = result.get.kvs.map((pair) => {
      const value = 'value' in pair ? `  ${shownValue(pair)}` : '';
      return `${indent}  ${shownKey(pair)}${value}`;
    });
    return [`${indent}get  ${result.get.count}`, ...pairs];
  }
  const { succeeded, results } = result.txn;
  const nested = results.flatMap((one) => linesOf(one, `${indent}  `));
  return [`${indent}txn  ${succeeded ? 'succeeded' : 'failed'}`, ...nested];
}
