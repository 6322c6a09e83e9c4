/** What the shell asks and says, in the words of the consequence, with the safe choice as the default. */
import type { MessageBoxOptions } from 'electron';
import type { ErrorBody } from '../../src-shared/errors.ts';
import type { SessionSummary } from './engineMessages.ts';
import { sessionLine } from './tray.ts';

const COMMON = { title: 'Frontier', noLink: true } as const;

/** The buttons of a question, by index. */
export const QUIT_ANYWAY = 1;
export const CLOSE_KEEP = 0;
export const CLOSE_QUIT = 1;
export const CRASH_RETRY = 0;

function consequence(session: SessionSummary): string {
  const { openPositions } = session;
  const stays =
    openPositions === 0
      ? 'No position is open.'
      : `${openPositions === 1 ? '1 position stays' : `${openPositions} positions stay`} open at the broker.`;
  return `${stays} Without Frontier nothing is decided, adjusted or closed until it runs again.`;
}

/** Asked before quitting while a session runs. */
export function quitQuestion(session: SessionSummary): MessageBoxOptions {
  return {
    ...COMMON,
    type: 'warning',
    message: `${sessionLine(session)}. Quit all the same?`,
    detail: consequence(session),
    buttons: ['Cancel', 'Quit, positions stay open'],
    defaultId: 0,
    cancelId: 0,
  };
}

/** Asked when the window is closed while a session runs. */
export function closeQuestion(session: SessionSummary): MessageBoxOptions {
  return {
    ...COMMON,
    type: 'question',
    message: `${sessionLine(session)}.`,
    detail: `Frontier can go on in the tray. If it quits: ${consequence(session)}`,
    buttons: ['Keep running in the tray', 'Quit, positions stay open', 'Cancel'],
    defaultId: CLOSE_KEEP,
    cancelId: 2,
  };
}

/** Shown when the engine could not be composed, e.g. the data folder is in use. */
export function failedNotice(error: ErrorBody): MessageBoxOptions {
  return {
    ...COMMON,
    type: 'error',
    message: error.message,
    detail: error.hint ?? '',
    buttons: ['Quit'],
  };
}

/** Asked after the engine crashed too often. */
export function gaveUpQuestion(crash: { exitCode: number; detail: string }): MessageBoxOptions {
  return {
    ...COMMON,
    type: 'error',
    message: `The engine stopped again and again (exit code ${crash.exitCode}).`,
    detail: `Open positions stay open at the broker.\n\n${crash.detail}`.trim(),
    buttons: ['Try again', 'Quit'],
    defaultId: CRASH_RETRY,
    cancelId: 1,
  };
}

/** Shown when the page cannot be kept alive. */
export function brokenWindowNotice(reason: string): MessageBoxOptions {
  return {
    ...COMMON,
    type: 'error',
    message: `The window stopped working (${reason}).`,
    detail:
      'The engine goes on; running sessions are not affected. Quit and start Frontier to open it again.',
    buttons: ['OK'],
  };
}
