/** One row per service: what starts them, what tests them and what watches them reads this table. */
export interface ServiceRow {
  readonly name: string;
  /** The port by default; the variable that {@link portVariable} names sets another. */
  readonly port: number;
  /** Tools that it serves itself. */
  readonly tools: readonly string[];
  /** True when the hub offers its tools. */
  readonly inMesh: boolean;
}

const CODE_TOOLS = ['execute_code', 'install_package', 'check_package', 'list_packages'];

/** Those that are called before those that call: the order to start in, and the reverse of that to stop in. */
export const SERVICES: readonly ServiceRow[] = [
  { name: 'sandbox', port: 8001, tools: CODE_TOOLS, inMesh: false },
  { name: 'time-client', port: 8003, tools: ['get_current_time', 'convert_time', 'list_timezones'], inMesh: true },
  { name: 'code-executor', port: 8004, tools: CODE_TOOLS, inMesh: true },
  { name: 'mcp-server', port: 8000, tools: [], inMesh: false },
  { name: 'middleware', port: 8002, tools: [], inMesh: false },
];

const upperSnake = (name: string): string => name.toUpperCase().replaceAll('-', '_');

/** The setting for a service's port where all run on one machine: `TIME_CLIENT_PORT`. */
export const portVariable = (name: string): string => `${upperSnake(name)}_PORT`;

/** The setting that tells other services where one is: `TIME_CLIENT_URL`. */
export const urlVariable = (name: string): string => `${upperSnake(name)}_URL`;
