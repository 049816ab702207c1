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

/** Asks whether a call may run, with its exact arguments. Nothing runs before the answer. */
export function ApprovalCard({ call: { input }, approval }: ApprovalCardProps) {
  const reason = useSignal('');
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  const { id, name, decision, expiresAt } = approval;
  const isOver = isExpired(approval, now.value);
  const decide = (verdict: 'approve' | 'deny') => {
    const words = reason.value.trim();
    conversation.value.decide({ id, decision: verdict, ...(words === '' ? {} : { reason: words }) });
  };
  return (
    <section class="tool-card approval" data-state="waiting" aria-label={`Permission for ${name}`}>
      <h3>
        <Icon name="hand" />
        <span>
          May <code>{name}</code> run?
        </span>
      </h3>
      <ArgumentsView input={approval.arguments ?? input} reveal={revealHidden} />
      {decision !== undefined && (
        <p class="muted">
          {decision.decision === 'approve' ? 'Allowed' : 'Denied'}. It goes on when the other requests are answered.
        </p>
      )}
      {isOver && decision === undefined && <p class="tool-error">This request has expired. Ask again for a new one.</p>}
      {!isOver && decision === undefined && (
        <div class="approval-foot">
          <input
            type="text"
            aria-label="Reason"
            placeholder="Reason (optional, told to the model)"
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
            <p class="muted">Open until {new Date(expiresAt).toLocaleTimeString([], { timeStyle: 'short' })}.</p>
          )}
        </div>
      )}
    </section>
  );
}
