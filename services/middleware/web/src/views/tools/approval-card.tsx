import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Approval, type CallPart, isExpired } from '../../answer/turn.ts';
import { conversation } from '../../state/app.ts';
import { revealHidden } from '../../tools/reveal-hidden.ts';
import { ArgumentsView } from './arguments-view.tsx';
import { Icon } from '../parts/icons.tsx';

interface ApprovalCardProps {
  readonly call: CallPart;
  readonly approval: Approval;
}

/** Asks the user to approve a call, with its exact arguments. Nothing runs before the decision. */
export function ApprovalCard({ call: { input }, approval }: ApprovalCardProps) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  const { name, decision } = approval;
  const isOver = isExpired(approval, now.value);
  return (
    <section class="tool-card approval" data-state="waiting" aria-label={`Approval for ${name}`}>
      <h3>
        <Icon name="hand" />
        <span>
          Allow <code>{name}</code> to run?
        </span>
      </h3>
      <ArgumentsView input={approval.arguments ?? input} reveal={revealHidden} />
      {decision !== undefined && (
        <p class="muted">
          {decision.decision === 'approve' ? 'Allowed' : 'Denied'}. The run continues once you answer the other
          requests.
        </p>
      )}
      {isOver && decision === undefined && (
        <p class="tool-error">This request has expired. Send your message again to get a new one.</p>
      )}
      {!isOver && decision === undefined && <DecisionForm approval={approval} />}
    </section>
  );
}

function DecisionForm({ approval: { id, expiresAt } }: { readonly approval: Approval }) {
  const reason = useSignal('');
  const decide = (decision: 'approve' | 'deny') => {
    const words = reason.value.trim();
    conversation.value.decide({ id, decision, ...(words === '' ? {} : { reason: words }) });
  };
  return (
    <div class="approval-foot">
      <input
        type="text"
        aria-label="Reason"
        placeholder="Reason (optional, shown to the model)"
        maxLength={500}
        value={reason.value}
        onInput={(event) => {
          reason.value = event.currentTarget.value;
        }}
      />
      <div class="buttons">
        <button type="button" onClick={() => decide('deny')}>
          Deny
        </button>
        <button type="button" class="primary" onClick={() => decide('approve')}>
          Allow once
        </button>
      </div>
      {expiresAt !== undefined && (
        <p class="muted">Expires at {new Date(expiresAt).toLocaleTimeString([], { timeStyle: 'short' })}.</p>
      )}
    </div>
  );
}
