import type { z } from 'zod';
import type { ForwardModel, ModelSize } from '../tensor/model.ts';

/** A kind of model: its settings and how to build it. */
export interface ModelFamily<Config> {
  readonly name: string;
  /** One sentence for the interface. */
  readonly description: string;
  /** Every setting has a default; unknown settings are refused. */
  readonly schema: z.ZodType<Config>;
  /** @throws FrontierError BAD_INPUT where the settings do not fit the sizes */
  define(config: Config, size: ModelSize): ForwardModel;
}
