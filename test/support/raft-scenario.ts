import { RaftScript } from './raft-script.ts';

/** One command of a scenario file and what it brought about. */
interface Step {
  readonly commands: readonly string[];
  readonly output: readonly string[];
}

export interface Scenario {
  /** What the file begins with: one sentence of intent, and perhaps a picture. */
  readonly intent: readonly string[];
  readonly steps: readonly Step[];
}

/**
 * Reads a scenario: comment lines (`#`), then steps separated by empty lines, each of commands, a
 * line `----`, and what they bring about. @throws when the file says nothing of its intent.
 */
export function parseScenario(text: string): Scenario {
  const lines = text.trimEnd().split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const intent = lines.slice(0, end);
  if (intent.length === 0) throw new Error('a scenario begins with its intent');
  const blocks = lines.slice(end).join('\n').trim().split(/\n\n+/);
  return { intent, steps: blocks.map(parseStep) };
}

/** The text of the scenario as its commands really go. */
export function replay(scenario: Scenario): string {
  const script = new RaftScript();
  const blocks = scenario.steps.map(({ commands }) => {
    const output = commands.flatMap((command) => {
      return command.startsWith('#') ? [] : script.execute(command);
    });
    return [...commands, '----', ...(output.length === 0 ? ['ok'] : output)].join('\n');
  });
  return `${scenario.intent.join('\n')}\n\n${blocks.join('\n\n')}\n`;
}

function parseStep(block: string): Step {
  const lines = block.split('\n');
  const rule = lines.indexOf('----');
  if (rule < 0) return { commands: lines, output: [] };
  return { commands: lines.slice(0, rule), output: lines.slice(rule + 1) };
}
