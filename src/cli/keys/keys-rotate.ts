/** `sallyport keys rotate`: new keys to seal and to sign with, under a gateway that goes on. */

import { setTimeout as sleep } from 'node:timers/promises';

import { unreachable } from '../../core/unreachable.ts';
import type { OldKey } from '../../flows/operating/old-keys.ts';
import {
  dropOldKeys,
  prepareRotation,
  rotateKeys,
  type Rotation,
  type RotationParts,
  type RotationProgress,
} from '../../flows/operating/rotate-keys.ts';
import { CommandFailure, UsageError, type Cli, type ExitCode } from '../cli.ts';
import { administering, configOf, configOption, optionFlag, type CommandSpec } from '../command.ts';
import { complain, print } from '../terminal.ts';
import { needInWords, valuesInWords } from './key-words.ts';

const modes = ['prepare', 'resume', 'dropOld'] as const;

/** Rotates the keys, or does one step of it. */
export const keysRotate: CommandSpec = {
  name: 'keys rotate',
  summary: 'Make new keys to seal and to sign with; old ones are kept for reading.',
  args: [],
  options: [
    configOption,
    ['--prepare', 'Make the next key and have it read only; for several machines.'],
    ['--resume', 'Finish a rotation that was interrupted; never make another key.'],
    ['--drop-old', 'Remove the old keys that nothing needs any more.'],
  ],
  example: '--config FILE',
  run: async (cli, typed) => {
    const chosen = modes.filter((mode) => optionFlag(typed, mode));
    if (chosen.length > 1) {
      throw new UsageError('--prepare, --resume and --drop-old go one at a time');
    }
    const [mode] = chosen;
    const config = configOf(cli, typed);
    const work = { work: 'long' } as const;
    return await administering(
      cli,
      config,
      async ({ flows, keys, database }) => {
        const parts: RotationParts = {
          ctx: flows,
          keys,
          pause: async (seconds) => await sleep(seconds * 1000),
          report: reporter(cli),
        };
        const answer = await database.alone('rotation', () => does[mode ?? 'rotate'](cli, parts));
        if (answer.ok) return answer.value;
        throw new CommandFailure(['The keys are being rotated by another command. Wait for it.']);
      },
      work,
    );
  },
};

type Doing = (cli: Cli, parts: RotationParts) => Promise<ExitCode>;

const does: Readonly<Record<'rotate' | (typeof modes)[number], Doing>> = {
  async prepare(cli, parts) {
    const { key, isNew } = await prepareRotation(parts);
    const { file } = parts.keys;
    print(
      cli.terminal,
      isNew ? `The encryption key ${key} was made.` : `The encryption key ${key} waits already.`,
    );
    print(
      cli.terminal,
      `It is read and does not seal yet: ${file}.${key}.next\n` +
        'Copy that file beside the key on every other machine, owner and mode alike. Then run ' +
        '"sallyport keys rotate" on each.',
    );
    return 0;
  },

  async rotate(cli, parts) {
    return told(cli, await rotateKeys(parts), parts);
  },

  async resume(cli, parts) {
    return told(cli, await rotateKeys(parts, 'finish'), parts);
  },

  async dropOld(cli, parts) {
    const answer = await dropOldKeys(parts);
    if (!answer.ok) {
      throw new CommandFailure([
        'A rotation is not finished: sallyport keys rotate --resume. No key was removed.',
      ]);
    }
    for (const id of answer.dropped) print(cli.terminal, `Removed the old encryption key ${id}.`);
    if (answer.dropped.length > 0) {
      print(cli.terminal, 'A backup from before the rotation needs it: keep a copy with those.');
    }
    if (answer.dropped.length === 0 && answer.kept.length === 0) {
      print(cli.terminal, 'There are no old keys.');
    }
    tellOldKeys(cli, parts, answer.kept);
    return 0;
  },
};

const outcomes: Readonly<Record<Rotation['outcome'], string>> = {
  rotated: 'The keys were rotated.',
  joined: 'The keys had been rotated on another machine; this one seals under the new key too.',
  finished: 'A rotation that was interrupted is finished. No other key was made.',
  nothing: 'There is no rotation to finish.',
};

function told(cli: Cli, rotation: Rotation, parts: RotationParts): ExitCode {
  const { terminal } = cli;
  print(terminal, outcomes[rotation.outcome]);
  if (rotation.outcome !== 'nothing') {
    print(
      terminal,
      `Sealed anew: ${valuesInWords(rotation.sealed)}. The key that seals is ${rotation.key}; ` +
        'see to its backup, elsewhere than the database.',
    );
  }
  tellOldKeys(cli, parts, rotation.old);
  for (const { place, count } of rotation.unreadable) {
    complain(
      terminal,
      `${valuesInWords(count)} in ${place} open under none of the keys here and were left as they are.`,
    );
  }
  return rotation.unreadable.length > 0 ? 1 : 0;
}

function tellOldKeys(cli: Cli, { ctx }: RotationParts, old: readonly OldKey[]): void {
  for (const { id, needs } of old) {
    const why = needs.map((need) => needInWords(need, ctx.config.current().portal.timeZone));
    print(
      cli.terminal,
      why.length === 0
        ? `The old key ${id} is needed by nothing any more: sallyport keys rotate --drop-old`
        : `The old key ${id} is kept, for ${why.join('; ')}.`,
    );
  }
}

/** Says what happens, and of many values not more than once a second. */
function reporter(cli: Cli): (progress: RotationProgress) => void {
  let toldAt = 0;
  return (progress) => {
    if (progress.step === 'sealing') {
      const now = cli.clock.now();
      if (now - toldAt < 1000 && progress.sealed < progress.total) return;
      toldAt = now;
    }
    print(cli.terminal, progressInWords(progress));
  };
}

function progressInWords(progress: RotationProgress): string {
  switch (progress.step) {
    case 'prepared':
      return `Made the encryption key ${progress.key}; it is only read yet.`;
    case 'sealing-begins':
      return `The encryption key ${progress.key} seals from now on; the one before it is kept.`;
    case 'signing-key':
      return `Made the signing key ${progress.key}; it is published now and signs in a minute.`;
    case 'waiting':
      return progress.for === 'readers'
        ? `Waiting ${String(progress.seconds)} s, until every gateway here has read it.`
        : `Waiting ${String(progress.seconds)} s for what others were about to seal.`;
    case 'sealing':
      return `Sealing ${progress.place} anew: ${String(progress.sealed)} of ${String(progress.total)}.`;
    default:
      return unreachable(progress);
  }
}
