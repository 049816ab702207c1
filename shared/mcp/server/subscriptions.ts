import { isRecord } from '../../kit/json/is-record.ts';
import { INTERNAL_ERROR, type McpResult } from '../protocol.ts';
import type { McpService } from './mcp-service.ts';
import { notificationText, type Refusal, refusal, type RequestMessage, responseText } from './messages.ts';
import { complete } from './modern.ts';
import { invalidParams } from './serve-request.ts';

/** The method that opens a subscription; its answer is a stream. */
export const LISTEN = 'subscriptions/listen';
const ID_KEY = 'io.modelcontextprotocol/subscriptionId';

/** A subscription of 2026-07-28 that is open. */
export interface Subscription {
  /** Ends it: nothing more is sent. */
  close(): void;
}

/** The subscriptions of clients of 2026-07-28 to changes of a service. */
export interface Subscriptions {
  /** Opens the subscription that a request asks for. `end` is called with the last message when the service ends it. */
  open(message: RequestMessage, sender: SubscriptionSender): Subscription | Refusal;
  /** Ends all of them. */
  close(): void;
}

export interface SubscriptionSender {
  send(text: string): void;
  end(text: string): void;
}

const MAX_OPEN = 1_024;
const MAX_URIS = 1_000;
/** No service lists a longer one. */
const MAX_URI_LENGTH = 2_048;

const LIST_KINDS = [
  ['toolsListChanged', 'tools'],
  ['promptsListChanged', 'prompts'],
  ['resourcesListChanged', 'resources'],
] as const;

interface Filter {
  /** The names of the lists. */
  readonly lists: readonly string[];
  readonly uris: readonly string[];
  /** The filter as it is confirmed: the part of the request that can be kept. */
  readonly confirmed: McpResult;
}

export function createSubscriptions(service: McpService): Subscriptions {
  const open = new Map<Subscription, () => void>();
  return {
    open(message, sender) {
      const { id } = message;
      const filter = readFilter(service, message.params['notifications']);
      if ('error' in filter) return filter;
      if (open.size >= MAX_OPEN) {
        return refusal({ code: INTERNAL_ERROR, message: `${MAX_OPEN} subscriptions are open already` });
      }
      const meta = { [ID_KEY]: id };
      const notify: Notify = (method, params = {}) =>
        sender.send(notificationText({ method, params: { ...params, _meta: meta } }));
      const end = () => sender.end(responseText(id, { result: complete(service, { _meta: meta }) }));
      notify('notifications/subscriptions/acknowledged', { notifications: filter.confirmed });
      const stop = follow(service, filter, notify);
      const subscription: Subscription = {
        close() {
          open.delete(subscription);
          stop();
        },
      };
      if (filter.lists.length === 0 && filter.uris.length === 0) end();
      else open.set(subscription, end);
      return subscription;
    },
    close() {
      for (const [subscription, end] of open) {
        subscription.close();
        end();
      }
    },
  };
}

type Notify = (method: string, params?: McpResult) => void;

/** Notifies of the changes that a filter lets through, until the returned function is called. */
function follow({ changes }: McpService, { lists, uris }: Filter, notify: Notify): () => void {
  if (changes === undefined) return () => {};
  const onListsChanged = () => lists.forEach((kind) => notify(`notifications/${kind}/list_changed`));
  const stops = [
    ...(lists.length === 0 ? [] : [changes.onListsChanged(onListsChanged)]),
    ...(uris.length === 0
      ? []
      : [changes.watch(new Set(uris), (uri) => notify('notifications/resources/updated', { uri }))]),
  ];
  return () => stops.forEach((stop) => stop());
}

/** Reads what a client wants to be notified of, reduced to what the service can. */
function readFilter({ capabilities }: McpService, given: unknown): Filter | Refusal {
  if (!isRecord(given)) return invalidParams('notifications: must be an object');
  const wanted = LIST_KINDS.filter(([key]) => given[key] === true);
  const lists = wanted.filter(([, kind]) => capabilities[kind]?.['listChanged'] === true);
  const asked = given['resourceSubscriptions'] ?? [];
  if (!isStrings(asked)) return invalidParams('notifications.resourceSubscriptions: must be an array of strings');
  if (asked.length > MAX_URIS) {
    return invalidParams(`notifications.resourceSubscriptions: must have at most ${MAX_URIS} URIs`);
  }
  const canWatch = capabilities['resources']?.['subscribe'] === true;
  const uris = canWatch ? asked.filter((uri) => uri.length <= MAX_URI_LENGTH) : [];
  const confirmed = {
    ...Object.fromEntries(lists.map(([key]) => [key, true])),
    ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
  };
  return { lists: lists.map(([, kind]) => kind), uris, confirmed };
}

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
