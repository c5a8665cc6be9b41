/** How a founding member with an empty directory asks the others, over the simulated network. */
import { must } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import { inquire, type Opinion, opinionOf, type Verdict } from '../node/founding-inquiry.ts';
import type { Member } from '../raft/configuration.ts';
import type { Lifeline } from './lifeline.ts';
import type { SimClock } from './sim-clock.ts';
import type { World } from './world.ts';

const ASK_TIMEOUT_MS = 1_000;

/** @param founders this one among them. */
export function inquireFounders(
  { network, nodes }: World,
  self: MemberId,
  founders: readonly Member[],
  { clock, lifeline }: { readonly clock: SimClock; readonly lifeline: Lifeline },
): Promise<Verdict> {
  const others = founders.filter(({ id }) => id !== self);
  const ask = (url: string): Promise<Opinion> =>
    new Promise((resolve) => {
      clock.setTimer(ASK_TIMEOUT_MS, () => resolve('silent'));
      const to = must(
        others.find((one) => one.peerUrls.includes(url)),
        url,
      ).id;
      const answer = (opinion: Opinion): void => {
        network.carry(to, self, () => lifeline.enter(() => resolve(opinion)), true);
      };
      network.carry(
        self,
        to,
        () => {
          const target = nodes.get(to);
          if (target?.node === undefined || target.node === null) return answer('refused');
          target.enter((node) => answer(opinionOf(node.consensusState().configuration, self, url)));
        },
        true,
      );
    });
  return inquire({ clock, others: others.flatMap(({ peerUrls }) => peerUrls), ask });
}
