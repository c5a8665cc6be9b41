import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import { clientCommand, inSession, type Tools } from '../client.ts';
import { EXIT } from '../exit.ts';
import { wholeNumber } from '../flags.ts';

export function addCompactCommand(program: Command, tools: Tools): void {
  clientCommand(program, 'compact <revision>', 'forget history before a revision').action(
    (revision: string, flags: FlagValues) =>
      inSession(tools, flags, async (session) => {
        const answer = await session.client.compact(wholeNumber(revision, revision, 0));
        const { compactRevision } = answer;
        session.print(answer, () => [`history before revision ${compactRevision} is forgotten`]);
        return EXIT.ok;
      }),
  );
}
