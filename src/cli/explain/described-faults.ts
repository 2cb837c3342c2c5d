/** What is wrong with a described request, as a mistake in what was typed. */

import { didYouMean } from '../../config/source/closest-name.ts';
import { methodIds } from '../../core/proofs.ts';
import { unreachable } from '../../core/unreachable.ts';
import type { AccessFault } from '../../flows/admin/explain/explain-request.ts';
import { knownMethods } from '../../flows/admin/explain/settle-request.ts';
import { CommandFailure, UsageError } from '../cli.ts';

/** The error to end the command with. */
export function errorOfFault(
  fault: AccessFault,
  { publicUrl }: { readonly publicUrl: string },
): UsageError | CommandFailure {
  const { field, written } = fault;
  switch (field) {
    case 'ip':
      return new UsageError(`--ip ${written} is no address`);
    case 'url': {
      const example = `${publicUrl}/some/page`;
      return new UsageError(`"${written}" is no address; it looks like ${example} or /some/page`);
    }
    case 'host':
      return new UsageError(`${written} is no host`);
    case 'method':
      return new UsageError(
        `"${written}" is no request method${didYouMean(written, knownMethods)}`,
      );
    case 'proofs':
      return new UsageError(proofsMistake(fault));
    case 'groups':
      return new UsageError('--user and --groups are two ways to say who asks; keep one');
    case 'username':
    case 'session': {
      const list = 'sallyport user list --config FILE';
      return new CommandFailure([`There is no user "${written}". To see all: ${list}`]);
    }
    default:
      return unreachable(field);
  }
}

function proofsMistake(fault: Extract<AccessFault, { field: 'proofs' }>): string {
  const { reason, written, method } = fault;
  switch (reason) {
    case 'no-proof':
      return '--proofs names no proof; it looks like password,totp@5m';
    case 'unknown-method': {
      const hint = didYouMean(method, methodIds) || `; there are ${methodIds.join(', ')}`;
      return `"${method}" is no way to prove something${hint}`;
    }
    case 'unreadable-age':
      return `"${written}" has no age that can be read; it looks like ${method}@5m`;
    default:
      return unreachable(reason);
  }
}
