/** A channel that carries messages both ways, as text. */
export interface Duplex {
  /** Sends a message. @throws when it cannot be sent */
  write(text: string, signal?: AbortSignal): Promise<void>;
  /** Resolves (never rejects) when no more comes, with the reason. */
  readonly closed: Promise<Error>;
  close(): Promise<void>;
}

/** Takes what the server says, in order. Returns whether it is a message. */
export type OnText = (text: string) => boolean;

/** Opens a channel. */
export type OpenDuplex = (onText: OnText, signal: AbortSignal) => Promise<Duplex>;
