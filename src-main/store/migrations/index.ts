import type { Migration } from '../migrate.ts';
import { firstSchema } from './001-first-schema.ts';

/** Every migration of `frontier.sqlite`, in order. A change to the schema is one new file and one line here. */
export const MIGRATIONS: readonly Migration[] = [firstSchema];
