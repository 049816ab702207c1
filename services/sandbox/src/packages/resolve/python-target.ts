/** The interpreter that imports what is installed. */
export interface PythonTarget {
  /** Such as `3.11`. */
  readonly version: string;
  /** `native`: the interpreter that pip runs with. `wasm`: another one, for which there are only pure wheels. */
  readonly kind: 'native' | 'wasm';
}
