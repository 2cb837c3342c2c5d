/** The page that shows a one-time link, this once. */

import type { CreatedLink } from '../../../flows/admin/enrollment-links.ts';
import type { User } from '../../../stores/types.ts';
import type { Exchange } from '../../exchange.ts';
import type { AdminLinkPage } from './people-views.ts';
import { personPath, untilInWords } from './person-words.ts';

/** For somebody new, for another password, or to enroll again after a reset. */
export function linkPage(
  exchange: Exchange,
  user: Pick<User, 'id' | 'displayName' | 'username' | 'email'>,
  { url, expiresAt }: CreatedLink,
  purpose: 'invitation' | 'new-password' | 'enroll-again' | 'reset',
): AdminLinkPage {
  const { config, parts } = exchange;
  const { say } = parts.renderer.words;
  const isMailed = config.mail !== null && user.email !== null;
  const name = user.displayName;
  return {
    page: 'admin-link',
    title: say(`admin.link.${purpose}.title`, { name }),
    sentences: [
      say(`admin.link.${purpose}`, { name, until: untilInWords(exchange, expiresAt) }),
      isMailed
        ? say('admin.link.mailed', { email: user.email ?? '' })
        : say('admin.link.not-mailed', { name }),
      say('admin.link.once'),
    ],
    url,
    on: { path: personPath(user.id), label: say('admin.link.on', { name }) },
  };
}
