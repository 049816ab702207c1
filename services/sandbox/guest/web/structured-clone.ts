import { Blob } from './blob.ts';
import { DOMException } from './dom-exception.ts';

type Visit = (value: unknown) => unknown;
/** An empty copy of an object, and what fills it once the copy is known, so that circles end. */
type Copy = readonly [copy: object, fill: (visit: Visit) => void];

/** Copies a value as the web does. @throws DOMException for what cannot be copied */
export function structuredClone(value: unknown): unknown {
  const copies = new Map<object, unknown>();
  const visit = (given: unknown): unknown => {
    if (typeof given === 'function' || typeof given === 'symbol') throw uncloneable(given);
    if (typeof given !== 'object' || given === null) return given;
    if (copies.has(given)) return copies.get(given);
    const [copy, fill] = begin(given);
    copies.set(given, copy);
    fill(visit);
    return copy;
  };
  return visit(value);
}

const MAX_SHOWN = 100;
const uncloneable = (value: unknown): DOMException =>
  new DOMException(`${String(value).slice(0, MAX_SHOWN)} could not be cloned.`, 'DataCloneError');

const whole = (copy: object): Copy => [copy, () => {}];

function begin(object: object): Copy {
  if (Array.isArray(object)) return withProperties(object, Array.from<unknown>({ length: object.length }));
  if (object instanceof Map) return mapCopy(object);
  if (object instanceof Set) return setCopy(object);
  if (object instanceof Error) return errorCopy(object);
  return valueCopy(object) ?? withProperties(object, {});
}

const BOXES = new Set(['[object Number]', '[object String]', '[object Boolean]', '[object BigInt]']);
const UNCLONEABLE = new Set(['[object WeakMap]', '[object WeakSet]', '[object WeakRef]', '[object Promise]']);

/** Copies an object without others in it; undefined for one of another kind. */
function valueCopy(object: object): Copy | undefined {
  if (object instanceof Date) return whole(new Date(object));
  if (object instanceof RegExp) return whole(new RegExp(object.source, object.flags));
  if (object instanceof ArrayBuffer) return whole(object.slice(0));
  if (ArrayBuffer.isView(object)) return whole(viewCopy(object));
  if (object instanceof Blob) return whole(object);
  const kind = Object.prototype.toString.call(object);
  if (BOXES.has(kind)) return whole(Object(object.valueOf()));
  if (UNCLONEABLE.has(kind)) throw uncloneable(kind);
  return undefined;
}

/** Node copies a Buffer to a Uint8Array. */
function viewCopy(view: ArrayBufferView): object {
  const { buffer, byteOffset, byteLength } = view;
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  const name = Object.prototype.toString.call(view).slice('[object '.length, -1);
  const View: unknown = Reflect.get(globalThis, name);
  return typeof View === 'function' ? Reflect.construct(View, [bytes]) : new Uint8Array(bytes);
}

function withProperties(object: object, copy: object): Copy {
  return [
    copy,
    (visit) => {
      for (const key of Object.keys(object)) Reflect.set(copy, key, visit(Reflect.get(object, key)));
    },
  ];
}

function mapCopy(map: ReadonlyMap<unknown, unknown>): Copy {
  const copy = new Map<unknown, unknown>();
  return [
    copy,
    (visit) => {
      for (const [key, value] of map) copy.set(visit(key), visit(value));
    },
  ];
}

function setCopy(set: ReadonlySet<unknown>): Copy {
  const copy = new Set<unknown>();
  return [
    copy,
    (visit) => {
      for (const value of set) copy.add(visit(value));
    },
  ];
}

const ERRORS = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

function errorCopy(error: Error): Copy {
  const Class = ERRORS.find(({ name }) => name === error.name) ?? Error;
  const copy = new Class(error.message);
  return [
    copy,
    (visit) => {
      const { stack } = error;
      Object.defineProperty(copy, 'stack', { value: stack, writable: true, configurable: true });
      if ('cause' in error)
        Object.defineProperty(copy, 'cause', { value: visit(error.cause), writable: true, configurable: true });
    },
  ];
}
