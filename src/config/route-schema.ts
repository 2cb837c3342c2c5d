/** Schema of `routes`: ways to upstreams and the rules on each. */

import { z } from 'zod';

import { weekdays } from '../core/policy/conditions/time.ts';
import {
  byteSize,
  duration,
  hostPattern,
  identityName,
  name,
  oneOrMore,
  pathPattern,
  requestMethod,
  text,
} from './scalars.ts';

const timeHint = 'write a time of day in quotes, such as "08:00"';

function timeOfDay() {
  return text(timeHint).regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$/, timeHint);
}

const timeWindow = z.strictObject({
  days: z
    .array(z.enum(weekdays))
    .min(1, 'an empty list matches nothing; leave the key out or fill it')
    .default([...weekdays])
    .describe('Days of the week: mon, tue, wed, thu, fri, sat, sun.'),
  from: timeOfDay().default('00:00').describe('First minute of the window, in portal.timeZone.'),
  to: timeOfDay()
    .default('24:00')
    .describe('End of the window, itself outside. Earlier than `from`: the window spans midnight.'),
});

const when = z.strictObject({
  path: oneOrMore(pathPattern())
    .optional()
    .describe('Paths, within the path of the route: globs on whole segments.'),
  method: oneOrMore(requestMethod()).optional().describe('Request methods. GET includes HEAD.'),
  network: oneOrMore(name('the name of a network'))
    .optional()
    .describe('Networks that the client must be in one of.'),
  time: oneOrMore(timeWindow)
    .optional()
    .describe('Windows of the week that the request must fall in one of.'),
});

const audience = z.strictObject({
  groups: z.array(identityName('a group')).default([]).describe('Groups whose members may pass.'),
  users: z.array(identityName('a username')).default([]).describe('Users who may pass.'),
  services: z
    .array(identityName('the name of a service account'))
    .default([])
    .describe('Service accounts that may pass. They pass nowhere without being named.'),
});

const requirement = z.strictObject({
  level: z
    .literal([1, 2], { error: 'write 1 (one factor) or 2 (two factors)' })
    .default(2)
    .describe('How many factors must have been proved: 1 or 2.'),
  within: duration()
    .nullable()
    .default(null)
    .describe('How recent the proofs must be. Without it their age does not matter.'),
  phishingResistant: z
    .boolean()
    .default(false)
    .describe('Only methods that cannot be phished count (passkeys and security keys).'),
  methods: oneOrMore(z.enum(['totp', 'webauthn', 'recovery-code']))
    .nullable()
    .default(null)
    .describe('Second factors that count: totp, webauthn, recovery-code. Default: all.'),
});

const rule = z.strictObject({
  when: when
    .optional()
    .describe('Conditions on the request, all of which must hold. Without it: every request.'),
  for: audience
    .optional()
    .describe('Who may pass: members of any of these. Without it: every user, no service account.'),
  requires: requirement.optional().describe('What they must have proved. Without it: two factors.'),
  effect: z
    .enum(['public', 'deny'])
    .optional()
    .describe('public: everybody passes. deny: nobody passes. Without it: whoever `for` admits.'),
});

const timeouts = z.strictObject({
  connect: duration({ max: '10m' }).prefault('5s').describe('Until the upstream accepts.'),
  headers: duration({ max: '1h' }).prefault('60s').describe('Until it begins to answer.'),
  idle: duration({ max: '24h' })
    .prefault('5m')
    .describe('Longest silence once it has begun. There is no limit on a whole exchange.'),
});

/** One route. */
export const routeSchema = z.strictObject({
  // With an example, the rest of a route is looked at even where these two are wrong.
  name: name('the name of the route')
    .meta({ examples: ['admin-console'] })
    .describe('A name for logs, metrics and the audience of assertions. Unique.'),
  host: hostPattern()
    .nullable()
    .default(null)
    .describe('Host it answers to: exact or *.example.com. Without it: every host.'),
  path: pathPattern()
    .meta({ examples: ['/admin/**'] })
    .describe('Paths it answers to; /x and /x/** are different.'),
  upstream: text('write an origin such as http://10.0.0.5:8000')
    .nullable()
    .default(null)
    .describe('Origin of the protected backend, without path.'),
  network: name('the name of a network')
    .nullable()
    .default(null)
    .describe('Network that clients must be in. Checked before everything else.'),
  adminConsole: z
    .boolean()
    .default(false)
    .describe('An administration console: step-up when the policy file says so.'),
  accept: oneOrMore(z.enum(['session', 'bearer']))
    .prefault(['session'])
    .describe(
      'How callers may identify themselves: session (the cookie of a browser), bearer (a token ' +
        'of the API). Service accounts have tokens alone.',
    ),
  timeouts: timeouts.prefault({}).describe('How long the upstream may keep us waiting.'),
  maxBody: byteSize()
    .nullable()
    .default(null)
    .describe('Largest request body that is passed on. Without it: no limit.'),
  rules: z
    .array(rule)
    .prefault([])
    .describe('The first rule whose `when` holds decides; where none does, nobody passes.'),
});

/** One route as the schema lets it through. */
export type WrittenRoute = z.output<typeof routeSchema>;
/** One rule as the schema lets it through. */
export type WrittenRule = z.output<typeof rule>;
