// Runs programs inside a jail, in Node itself: bundled into one script that `boot.cjs` starts, whose first argument are
// its settings. Nothing here is protected from a program, which is the only one of its process: its report is believed
// of itself alone.
import type { Order } from './channel.ts';
import { closeOrders, nextOrder, tellWarm } from './channel.ts';
import { evaluate } from './evaluate.ts';
import { showResult } from './explain.ts';
import { createMainModule } from './modules.ts';
import { adaptProcess } from './node-api.ts';
import { prepareOnce } from './program.ts';
import { runOnce } from './run-once.ts';
import { runSession } from './run-session.ts';
import type { Settings } from './settings.ts';

function serve(): void {
  const [node = process.execPath, , given = '{}'] = process.argv;
  // What it does before it is warm is compiled in the cache, and no more: all of a cache is read at each start.
  if (given === 'make-cache') return rehearse();
  const settings: Settings = JSON.parse(given);
  process.argv = [node, '/work/main.js'];
  process.execArgv = [];
  adaptProcess();
  const order = awaitOrder();
  if (order.keep) return runSession(order, settings);
  closeOrders();
  runOnce(order, settings);
}

function awaitOrder(): Order {
  rehearse();
  tellWarm();
  return nextOrder();
}

/** Runs what every program needs once, as it is slow the first time. */
function rehearse(): void {
  const file = '/work/main.js';
  const own = createMainModule(file);
  const evaluated = evaluate(prepareOnce('const a = [1]; a.map((x) => x + 1)'), { file, ...own, setMain: () => {} });
  showResult('value' in evaluated ? evaluated.value : undefined);
}

serve();
