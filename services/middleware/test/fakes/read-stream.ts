/** A part of a UI message stream, as tests look at it. */
// oxlint-disable-next-line no-explicit-any -- tests assert on shapes; that is where a wrong one shows
export type Part = any;

export interface Stream {
  readonly response: Response;
  /** All frames, as they come; `[DONE]` as itself. */
  readonly parts: AsyncGenerator<Part>;
  /** Reads on until a part of this type. */
  until(type: string): Promise<Part>;
  /** Reads to the end. */
  rest(): Promise<Part[]>;
  leave(): void;
}

/** Posts JSON and reads the events of the answer. */
export async function openStream(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Stream> {
  const leaving = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: leaving.signal,
  });
  const parts = readFrames(response);
  return {
    response,
    parts,
    async until(type) {
      for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
        if (next.value.type === type) return next.value;
      }
      throw new Error(`the stream ended without ${type}`);
    },
    rest: () => Array.fromAsync(parts),
    leave: () => leaving.abort(),
  };
}

async function* readFrames(response: Response): AsyncGenerator<Part> {
  if (response.body === null) return;
  let pending = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const frames = (pending + text).split('\n\n');
    pending = frames.pop() ?? '';
    for (const frame of frames) {
      const data = frame.startsWith('data: ') ? frame.slice(6) : undefined;
      if (data !== undefined) yield data === '[DONE]' ? data : JSON.parse(data);
    }
  }
}
