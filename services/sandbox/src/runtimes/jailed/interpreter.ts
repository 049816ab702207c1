/**
 * The way in which the supervisor of a jail (`toolmesh_interpreter.py`, which has the protocol) runs programs. It is
 * part of the request for a worker; a program has no say in it.
 */
export type Interpreter = ForkedInterpreter | ExecutedInterpreter;

/** A module of ours, in a fork of the supervisor: `prepare` has warmed it up in the launcher, `live` runs programs. */
export interface ForkedInterpreter {
  readonly module: string;
  readonly arguments: readonly string[];
}

/** Another program, which knows the protocol or nothing of us. */
export interface ExecutedInterpreter {
  /** Path in the jail, and arguments; `{file}` stands for the file of the program. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Its version, as results show it. */
  readonly version: string;
  /**
   * The way it gets programs. `file`: started for each, whose exit code is the report. `orders` and `path`: started
   * ahead, it reads JSON or the path of a file from descriptor 3, and reports on 4 and 5.
   */
  readonly takes: 'file' | 'orders' | 'path';
  /** Name of the program's file. */
  readonly name?: string;
  /** Address space that it reserves besides its memory, in bytes: 4 GiB if not given; null for no limit. */
  readonly address_bytes?: number | null;
  /** The same of what it may write to: 512 MiB if not given. */
  readonly data_bytes?: number | null;
  /**
   * The memory that it is started for, where it takes its limit at its start: `{memory_mb}` in its command is that of the
   * program in MiB. One with another limit has it started anew.
   */
  readonly started_for_bytes?: number;
  /** Memory of its own, which is added to `{memory_mb}`. */
  readonly own_mb?: number;
}
