/** Which data folder this start works on. */
import { isAbsolute, join, resolve } from 'node:path';

/**
 * `--home DIR` or `--home=DIR`, else `FRONTIER_HOME`, else `.frontier` in the user's folder: the same order
 * as the command line, so that both hosts see the same data.
 * @param args arguments after the program
 * @param userFolder the user's home folder
 */
export function desktopHome(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  userFolder: string,
): string {
  const at = args.indexOf('--home');
  const following = at < 0 ? undefined : args[at + 1];
  const joined = args.find((arg) => arg.startsWith('--home='))?.slice('--home='.length);
  const chosen = [following, joined, environment.FRONTIER_HOME].find(
    (path) => path !== undefined && path !== '',
  );
  if (chosen === undefined) return join(userFolder, '.frontier');
  return isAbsolute(chosen) ? chosen : resolve(chosen);
}
