const fs = process.getBuiltinModule('node:fs');

// Nothing of what a program replaces in these modules is used for its report.
const { closeSync, readSync, writeSync } = fs;
const { parse } = JSON;
const { resourceUsage } = process;

/** A program, as the supervisor hands it over. */
export interface Order {
  readonly code: string;
  readonly language: string;
  /** True to keep its state for the next program. */
  readonly keep: boolean;
  readonly memory_bytes: number;
}

/** Descriptors that the supervisor opens (`toolmesh_interpreter.py`). */
const [ORDERS, REPORT, PROGRESS] = [3, 4, 5];
const LENGTH_BYTES = 4;
/** "w", then the most memory in KiB, and the processor time in milliseconds: its own and that of children. */
const WARM_BYTES = 25;

/** Waits for the next program. Ends this process when there will be none. */
export function nextOrder(): Order {
  const length = readExactly(LENGTH_BYTES).readUInt32BE(0);
  const order: Order = parse(readExactly(length).toString());
  return order;
}

function readExactly(count: number): Buffer {
  const data = Buffer.alloc(count);
  let have = 0;
  while (have < count) {
    const read = readSync(ORDERS, data, have, count - have, null);
    if (read === 0) process.kill(process.pid, 'SIGKILL');
    have += read;
  }
  return data;
}

/** Tells the supervisor that this process is warm, and what it has used so far. */
export function tellWarm(): void {
  const { maxRSS, userCPUTime, systemCPUTime } = resourceUsage();
  const message = Buffer.alloc(WARM_BYTES);
  message.write('w', 'latin1');
  message.writeBigUInt64BE(BigInt(maxRSS), 1);
  message.writeDoubleBE((userCPUTime + systemCPUTime) / 1_000, 9);
  writeSync(PROGRESS, message);
}

/** Tells the supervisor that a program is done whose state is kept. */
export function tellDone(): void {
  writeSync(PROGRESS, '.');
}

/** Gives up what only programs before others need. */
export function closeOrders(): void {
  closeSync(ORDERS);
  closeSync(PROGRESS);
}

/** Writes the text of a report: JSON, which is one line. */
export function writeReport(text: string): void {
  const data = Buffer.from(`${text}\n`);
  let at = 0;
  while (at < data.length) at += writeSync(REPORT, data, at, data.length - at);
}
