/** The end of a program without its files; as workers/protocol.ts has it. */
export interface GuestEnding {
  readonly result: string | null;
  readonly error: { readonly type: string; readonly message: string; readonly traceback: string } | null;
  readonly exit_code: number;
  readonly signal: null;
  readonly out_of_memory: boolean;
}

/** A file that the program made or changed. */
export interface GuestFile {
  readonly path: string;
  readonly data: Uint8Array;
}

export interface GuestReport extends GuestEnding {
  readonly artifacts: readonly GuestFile[];
  readonly artifacts_truncated: boolean;
}

/** A program as the worker passes it (serve-worker.ts). */
export interface GuestProgram {
  readonly code: string;
  /** Its name in tracebacks. */
  readonly fileName: string;
  readonly stdin: Uint8Array;
  readonly files: readonly GuestFile[];
  readonly memoryBytes: number;
  readonly keep: boolean;
  readonly artifactLimits: ArtifactLimits;
}

export interface ArtifactLimits {
  readonly count: number;
  readonly bytes: number;
  readonly path_chars: number;
}
