import type { Failure } from '../../api/failures.ts';
import { Icon } from './icons.tsx';

interface FailureNoteProps {
  readonly failure: Failure;
  readonly onRetry?: () => void;
}

/** Shows a failure in words, and the next step. */
export const FailureNote = ({ failure: { title, next }, onRetry }: FailureNoteProps) => (
  <div class="failure" role="alert">
    <p>
      <strong>{title}</strong> {next}
    </p>
    {onRetry !== undefined && (
      <button type="button" class="small" onClick={onRetry}>
        <Icon name="retry" /> Try again
      </button>
    )}
  </div>
);
