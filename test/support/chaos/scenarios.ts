import { aDiskFillsUp } from '../../chaos/a-disk-fills-up.ts';
import { oneOfThreeIsKilledAtEachSync } from '../../chaos/one-of-three-is-killed-at-each-sync.ts';
import { connectionsAreBad } from '../../chaos/connections-are-bad.ts';
import { disksAreSlow } from '../../chaos/disks-are-slow.ts';
import { disksFail } from '../../chaos/disks-fail.ts';
import { everythingAtOnce } from '../../chaos/everything-at-once.ts';
import { leadersAreKilledAgainAndAgain } from '../../chaos/leaders-are-killed-again-and-again.ts';
import { membersComeAndGo } from '../../chaos/members-come-and-go.ts';
import { networksAreCut } from '../../chaos/networks-are-cut.ts';
import { nodesAreKilled } from '../../chaos/nodes-are-killed.ts';
import { nodesStandStill } from '../../chaos/nodes-stand-still.ts';
import { oneNodeIsKilledAtEachSync } from '../../chaos/one-node-is-killed-at-each-sync.ts';
import { powerIsCutEverywhere } from '../../chaos/power-is-cut-everywhere.ts';
import { writesPauseForOtherReasons } from '../../chaos/writes-pause-for-other-reasons.ts';
import type { Scenario } from './scenario.ts';

/** In the order they run. */
export const SCENARIOS: readonly Scenario[] = [
  nodesAreKilled,
  nodesStandStill,
  networksAreCut,
  connectionsAreBad,
  membersComeAndGo,
  oneNodeIsKilledAtEachSync,
  oneOfThreeIsKilledAtEachSync,
  disksFail,
  disksAreSlow,
  aDiskFillsUp,
  powerIsCutEverywhere,
  everythingAtOnce,
  leadersAreKilledAgainAndAgain,
  writesPauseForOtherReasons,
];
