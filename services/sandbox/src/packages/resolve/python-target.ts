/** The interpreter that imports what is installed. */
export interface PythonTarget {
  /** Such as `3.11`. */
  readonly version: string;
  /** `native`: the interpreter that pip runs with. `wasm`: Pyodide, for which there are pure wheels and some of its own. */
  readonly kind: 'native' | 'wasm';
}
