import { config } from 'zod';

/**
 * Our content policy forbids `eval`, and zod tries it once to find out whether it may compile its checks: a violation
 * of the policy at every start. Imported before everything else, so that no schema is made earlier.
 */
config({ jitless: true });
