import type { ChatMetrics } from '../telemetry/chat-metrics.ts';
import { runAgent, type RunOptions } from '../run/agent-loop.ts';
import type { RunEvent } from '../run/events.ts';
import { createRunRecorder, type RunRecord } from '../run/run-recorder.ts';

/** A run whose events are counted and recorded on their way; however it ends, what came of it is saved. */
export async function* observeRun(
  options: RunOptions,
  knownTools: ReadonlySet<string>,
  metrics: ChatMetrics,
  save: (record: RunRecord) => void,
): AsyncGenerator<RunEvent> {
  const recorder = createRunRecorder();
  const ended = metrics.startRun();
  try {
    for await (const event of runAgent(options)) {
      recorder.add(event);
      metrics.countEvent(event, knownTools);
      // Saved before the last event is out: whoever has read the answer finds it in the session.
      if (event.type === 'finish') break;
      yield event;
    }
  } finally {
    const record = recorder.record();
    ended(record.finishReason);
    save(record);
  }
  const { finishReason: reason, failure } = recorder.record();
  yield { type: 'finish', reason, ...(failure === undefined ? {} : { error: failure }) };
}
