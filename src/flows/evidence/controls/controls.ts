/**
 * The controls, in our own words: what each asks for, what of that a gateway can show, and how we
 * know. The standards themselves are the authority; most of them are sold, and are not quoted here.
 */

import type { VerificationId } from '../report.ts';

/** One control. */
export interface Control {
  readonly framework: string;
  readonly number: string;
  readonly title: string;
  /** What it asks for, in our words. */
  readonly asks: string;
  /** What of it the configuration answers. */
  readonly asksFor: readonly (
    | 'privileged-people'
    | 'two-factors-for-privileged'
    | 'two-factors-for-others'
    | 'two-factors-on-external-routes'
    | 'two-factors-for-administration'
    | 'every-access'
  )[];
  /** The verifications that show it. */
  readonly evidence: readonly VerificationId[];
  /** It asks for more than any gateway could show: met in part at most. */
  readonly isWider: boolean;
  /** What of it lies outside of the gateway; null: nothing that the control names. */
  readonly outside: string | null;
  /** How our words for it were checked. */
  readonly checked: string;
}

const byPublisher = 'Our wording was compared with the text of the control, which is public.';
const bySummaries =
  'The standard itself was not at hand: our wording was compared with several public summaries of it. Read the standard before you rely on it.';
const aroundTheGate =
  'An application that can be reached around the gateway is not covered: see that each upstream takes connections from the gateway only.';

/** Every control that is mapped. */
export const controls: readonly Control[] = [
  {
    framework: 'NIST SP 800-53 Rev. 5',
    number: 'IA-2(1)',
    title: 'Multi-factor authentication to privileged accounts',
    asks: 'Whoever uses a privileged account authenticates by two different factors, whatever way they come.',
    asksFor: ['privileged-people', 'two-factors-for-privileged', 'two-factors-for-administration'],
    evidence: ['V1', 'V2', 'V3'],
    isWider: false,
    outside: aroundTheGate,
    checked: byPublisher,
  },
  {
    framework: 'NIST SP 800-53 Rev. 5',
    number: 'IA-2(2)',
    title: 'Multi-factor authentication to non-privileged accounts',
    asks: 'Everybody else authenticates by two different factors too.',
    asksFor: ['two-factors-for-others', 'every-access'],
    evidence: ['V3'],
    isWider: false,
    outside: aroundTheGate,
    checked: byPublisher,
  },
  {
    framework: 'SOC 2 (AICPA Trust Services Criteria)',
    number: 'CC6.1',
    title: 'Logical access security',
    asks: 'Software, infrastructure and architecture keep protected information from whoever has no business with it. Two factors are not asked for by name; auditors look for them where access matters.',
    asksFor: ['two-factors-for-privileged', 'two-factors-for-administration', 'every-access'],
    evidence: ['V1', 'V4', 'V5', 'V6'],
    isWider: true,
    outside:
      'The criterion is about every system that holds protected information, its keys and its network, and about the whole period of an audit. The gateway is one part; a report shows one moment: collect evidence regularly.',
    checked: bySummaries,
  },
  {
    framework: 'CIS Controls v8',
    number: '6.3',
    title: 'Require MFA for externally-exposed applications',
    asks: 'Applications that can be reached from outside ask for two factors wherever they can.',
    asksFor: ['two-factors-on-external-routes'],
    evidence: ['V1', 'V3'],
    isWider: false,
    outside: `Only applications behind this gateway are looked at. ${aroundTheGate}`,
    checked: bySummaries,
  },
  {
    framework: 'CIS Controls v8',
    number: '6.4',
    title: 'Require MFA for remote network access',
    asks: 'Whoever comes into the network from afar shows two factors first.',
    asksFor: ['two-factors-on-external-routes'],
    evidence: ['V1', 'V3'],
    isWider: true,
    outside:
      'The gateway lets people into applications, not into a network: a VPN, remote desktops and shells need two factors of their own.',
    checked: bySummaries,
  },
  {
    framework: 'CIS Controls v8',
    number: '6.5',
    title: 'Require MFA for administrative access',
    asks: 'Every account with administrative access shows two factors wherever that is possible.',
    asksFor: ['privileged-people', 'two-factors-for-privileged', 'two-factors-for-administration'],
    evidence: ['V1', 'V2', 'V3'],
    isWider: false,
    outside: `Consoles of machines, clouds and databases that are not behind this gateway are not looked at. ${aroundTheGate}`,
    checked: bySummaries,
  },
  {
    framework: 'PCI DSS 4.0',
    number: '8.4',
    title: 'MFA for access into the cardholder data environment',
    asks: 'Administrators (8.4.1), everybody else (8.4.2) and whoever comes from outside (8.4.3) show two factors before they are in the environment of card data. Application and system accounts that do automated work are excepted.',
    asksFor: [
      'two-factors-for-privileged',
      'two-factors-for-others',
      'two-factors-for-administration',
      'every-access',
    ],
    evidence: ['V1', 'V2', 'V3', 'V6'],
    isWider: true,
    outside: `Which of the routes lead into that environment is for you to say: here all of them are taken to. Other ways in (shells, databases, remote access to the network, 8.4.3) need two factors of their own. ${aroundTheGate}`,
    checked: bySummaries,
  },
  {
    framework: 'CMMC 2.0 Level 2',
    number: 'IA.L2-3.5.3',
    title: 'Multifactor authentication',
    asks: 'Two factors for privileged accounts, on the spot and over a network, and over a network for all others.',
    asksFor: [
      'privileged-people',
      'two-factors-for-privileged',
      'two-factors-for-others',
      'two-factors-for-administration',
    ],
    evidence: ['V1', 'V2', 'V3'],
    isWider: true,
    outside:
      'Access on the spot, at the console of a machine, does not pass a gateway: show two factors there by other means.',
    checked: byPublisher,
  },
];
