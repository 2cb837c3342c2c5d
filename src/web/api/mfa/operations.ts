/** The second step of whoever calls: what they have, and changing it. */

import { forPerson, type Operation } from '../operation.ts';
import { mfaStatus, showMfa } from './show-mfa.ts';

/** Rows of the table. */
export const mfaOperations: readonly Operation[] = [
  forPerson('person', {
    method: 'GET',
    path: '/mfa',
    id: 'showMfa',
    tag: 'Second step',
    summary: 'What is enrolled, and what is still asked for',
    answers: { 200: { description: 'How the caller stands.', body: mfaStatus } },
    answer: showMfa,
  }),
];
