import { APPLY_FUZZER, CONTENT_FUZZER } from './commands.ts';
import { EDGE_FUZZER, PATH_FUZZER } from './edge.ts';
import { LOG_FUZZER, SNAPSHOT_FUZZER } from './files.ts';
import { FORGED_FUZZER } from './forged.ts';
import type { Fuzzer } from './fuzzer.ts';
import { CORE_FUZZER, WIRE_FUZZER } from './peers.ts';
import { SOCKET_FUZZER } from './sockets.ts';

export const FUZZERS: readonly Fuzzer[] = [
  PATH_FUZZER,
  EDGE_FUZZER,
  SOCKET_FUZZER,
  WIRE_FUZZER,
  CORE_FUZZER,
  APPLY_FUZZER,
  CONTENT_FUZZER,
  LOG_FUZZER,
  SNAPSHOT_FUZZER,
  FORGED_FUZZER,
];
